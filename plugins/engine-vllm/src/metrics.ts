import { type EngineGauges } from '@llama-orch/plugin-sdk';
import { type MetricsText } from '@llama-orch/plugin-sdk/http';

const RUNNING = ['vllm:num_requests_running'];
const WAITING = ['vllm:num_requests_waiting'];
/** The second name is that of releases before 0.9. */
const KV_SHARE = ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'];
const PROMPT_TOKENS = ['vllm:prompt_tokens_total', 'vllm:prompt_tokens'];
const GENERATED_TOKENS = ['vllm:generation_tokens_total', 'vllm:generation_tokens'];

/** What the metrics tell; each rank of one server has series of its own. */
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
