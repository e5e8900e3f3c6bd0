import { type EngineGauges } from '@llama-orch/plugin-sdk';
import { type MetricsText } from '@llama-orch/plugin-sdk/http';

/** What the metrics tell. Series come up with their first use, so an idle server tells little. */
export function gaugesOf(metrics: MetricsText): EngineGauges {
  const gauges = {
    running: metrics.sum(['tgi_batch_current_size']),
    waiting: metrics.sum(['tgi_queue_size']),
    promptTokens: metrics.sum(['tgi_request_input_length_sum']),
    generatedTokens: metrics.sum(['tgi_request_generated_tokens_sum']),
  };
  return Object.fromEntries(Object.entries(gauges).filter(([, value]) => value !== undefined));
}
