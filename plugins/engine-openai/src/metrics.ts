import { type EngineGauges } from '@llama-orch/plugin-sdk';
import { type MetricsText } from '@llama-orch/plugin-sdk/http';

/** The same value under the names of SGLang, vLLM and llama-server, old and new. */
const RUNNING = ['sglang:num_running_reqs', 'vllm:num_requests_running', 'llamacpp:requests_processing'];
const WAITING = ['sglang:num_queue_reqs', 'vllm:num_requests_waiting', 'llamacpp:requests_deferred'];
const KV_SHARE = [
  ...['sglang:token_usage', 'vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
  'llamacpp:kv_cache_usage_ratio',
];
const PROMPT_TOKENS = ['sglang:prompt_tokens_total', 'vllm:prompt_tokens_total', 'llamacpp:prompt_tokens_total'];
const GENERATED_TOKENS = [
  ...['sglang:generation_tokens_total', 'vllm:generation_tokens_total'],
  'llamacpp:tokens_predicted_total',
];

/** What the metrics tell, whichever server wrote them. */
export function gaugesOf(metrics: MetricsText): EngineGauges {
  const gauges = {
    running: metrics.sum(RUNNING),
    waiting: metrics.sum(WAITING),
    kvShare: metrics.max(KV_SHARE),
    promptTokens: metrics.sum(PROMPT_TOKENS),
    generatedTokens: metrics.sum(GENERATED_TOKENS),
  };
  return Object.fromEntries(Object.entries(gauges).filter(([, value]) => value !== undefined));
}
