import { type EngineDescription, type SamplingParam } from '@llama-orch/plugin-sdk';
import { type OpenAiModel } from '@llama-orch/plugin-sdk/http';
import { type OpenAiOptions } from './options.js';

const DEFAULT_CONTEXT = 8_192;
/** No width is promised anywhere; this one fits every server. */
const SEED_BITS = 31;
const STANDARD: readonly SamplingParam[] = [
  ...(['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'stop'] as const),
];
const EXTENDED: readonly SamplingParam[] = ['top_k', 'min_p', 'repeat_penalty'];

/** The server's own word, where the operator has none: the model's entry, or what is true of every pool. */
export function contextOf(
  model: OpenAiModel | undefined,
  { max_context }: OpenAiOptions,
  ofPool: number | undefined,
): number {
  const told = max_context ?? model?.contextTokens;
  return Math.min(told ?? ofPool ?? DEFAULT_CONTEXT, ofPool ?? Infinity);
}

/** What is declared to the host. Nothing is known of the software behind the url, so nothing exact is promised. */
export function descriptionOf(
  model: OpenAiModel,
  options: OpenAiOptions,
  use: { readonly slots: number; readonly contextTokens: number },
): EngineDescription {
  return {
    engineVersion: model.ownedBy === undefined ? 'unknown' : `${model.ownedBy}, release unknown`,
    modelDigest: ['openai', model.ownedBy, model.id].filter((part) => part !== undefined).join(':'),
    ...use,
    workloads: options.workloads,
    determinism: 'best_effort',
    seedBits: SEED_BITS,
    features: {
      params: options.fields === 'extended' ? [...STANDARD, ...EXTENDED] : STANDARD,
      chat: options.api !== 'completions',
      jsonSchema: options.json_schema && options.api !== 'completions',
      controlTokens: 'obeyed',
      cancel: 'disconnect',
      usage: options.include_usage ? 'end' : 'none',
    },
  };
}
