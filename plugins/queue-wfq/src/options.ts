import { type QueueFacts, z } from '@llama-orch/plugin-sdk';
import { type WfqRules } from './wfq.js';

const weight = z.number().min(0.01).max(1_000);

/** The options as an operator writes them. */
export const wfqOptions = z.strictObject({
  /** Tokens that a flow of weight 1 gets per round. */
  quantum: z.int().min(1).max(1_000_000).default(512),
  class_weights: z.strictObject({ interactive: weight.default(8), batch: weight.default(1) }).prefault({}),
  /** By tenant id; others weigh 1. */
  tenant_weights: z.record(z.string(), weight).default({}),
  /** Weight of the newest dispatch in the exported shares. */
  share_alpha: z.number().min(0.001).max(1).default(0.05),
});

export type WfqOptions = z.output<typeof wfqOptions>;

/** What the operator set for the pool goes before the options. */
export function rulesOf(options: WfqOptions, { classWeights = {}, tenantWeights = {} }: QueueFacts = {}): WfqRules {
  const { interactive, batch } = options.class_weights;
  return {
    quantum: options.quantum,
    classWeights: { interactive: classWeights.interactive ?? interactive, batch: classWeights.batch ?? batch },
    tenantWeights: new Map([...Object.entries(options.tenant_weights), ...Object.entries(tenantWeights)]),
    shareAlpha: options.share_alpha,
  };
}
