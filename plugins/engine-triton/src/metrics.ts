import { type EngineGauges } from '@llama-orch/plugin-sdk';
import { type MetricsText } from '@llama-orch/plugin-sdk/http';

const TRTLLM_REQUESTS = ['nv_trt_llm_request_metrics'];
const TRTLLM_BLOCKS = ['nv_trt_llm_kv_cache_block_metrics'];

/**
 * What the metrics tell: those of TensorRT-LLM, whose model is a step of the one that is asked, those of the vLLM backend,
 * and Triton's own.
 */
export function gaugesOf(metrics: MetricsText, model: string): EngineGauges {
  const ofModel = `model="${model}"`;
  const gauges = {
    running:
      metrics.sum(TRTLLM_REQUESTS, 'request_type="scheduled"') ?? metrics.sum(['vllm:num_requests_running'], ofModel),
    waiting:
      metrics.sum(TRTLLM_REQUESTS, 'request_type="waiting"') ??
      metrics.sum(['vllm:num_requests_waiting'], ofModel) ??
      metrics.sum(['nv_inference_pending_request_count'], ofModel),
    kvShare: metrics.max(TRTLLM_BLOCKS, 'kv_cache_block_type="fraction"'),
    promptTokens: metrics.sum(['vllm:prompt_tokens_total'], ofModel),
    generatedTokens: metrics.sum(['vllm:generation_tokens_total'], ofModel),
  };
  return Object.fromEntries(Object.entries(gauges).filter(([, value]) => value !== undefined));
}
