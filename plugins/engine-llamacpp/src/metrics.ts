import { type EngineGauges } from '@llama-orch/plugin-sdk';
import { type MetricsText } from '@llama-orch/plugin-sdk/http';

/** What one slot says about its part of the KV cache; idle slots and older releases say less. */
export interface SlotView {
  readonly n_ctx?: unknown;
  readonly is_processing?: unknown;
  /** Tokens in the slot, those of the answer so far among them. */
  readonly n_prompt_tokens?: unknown;
}

const RUNNING = ['llamacpp:requests_processing'];
const WAITING = ['llamacpp:requests_deferred'];
/** Releases after the split of the KV cache tell it no more. */
const KV_SHARE = ['llamacpp:kv_cache_usage_ratio'];
const PROMPT_TOKENS = ['llamacpp:prompt_tokens_total'];
const GENERATED_TOKENS = ['llamacpp:tokens_predicted_total'];

/** What the metrics tell; without a share of the KV cache among them, the busy slots stand for it. */
export function gaugesOf(metrics: MetricsText, slots: readonly SlotView[] | undefined): EngineGauges {
  const gauges = told({
    running: metrics.sum(RUNNING),
    waiting: metrics.sum(WAITING),
    kvShare: metrics.max(KV_SHARE),
    promptTokens: metrics.sum(PROMPT_TOKENS),
    generatedTokens: metrics.sum(GENERATED_TOKENS),
  });
  const isOther = Object.keys(gauges).length === 0;
  return isOther ? gauges : told({ kvShare: kvShareOf(slots), ...gauges });
}

/** Undefined where a busy slot does not tell what it holds. What an idle slot still holds can be given up at once. */
export function kvShareOf(slots: readonly SlotView[] | undefined): number | undefined {
  const room = sum(slots?.map(({ n_ctx }) => n_ctx) ?? []);
  const used = sum(slots?.filter((slot) => slot.is_processing === true).map((slot) => slot.n_prompt_tokens) ?? []);
  return room === undefined || room === 0 || used === undefined ? undefined : Math.min(1, used / room);
}

function sum(values: readonly unknown[]): number | undefined {
  const numbers = values.filter((value) => typeof value === 'number');
  return numbers.length === values.length ? numbers.reduce((total, value) => total + value, 0) : undefined;
}

function told(gauges: Readonly<Record<string, number | undefined>>): EngineGauges {
  return Object.fromEntries(Object.entries(gauges).filter(([, value]) => value !== undefined));
}
