import { type EngineDescription, type SamplingParam } from '@llama-orch/plugin-sdk';

import { type ModelFacts } from './protocol.js';

const PARAMS: readonly SamplingParam[] = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'presence_penalty',
  'frequency_penalty',
  'repeat_penalty',
  'stop',
];

/**
 * Only one sequence on the CPU is `exact`: neighbours change the batch, and with it the last decimals, and nothing has
 * been proven for GPUs. llama.cpp reads 32 bits of a seed and takes the highest value as "random", hence 31.
 */
export function describeModel(facts: ModelFacts): EngineDescription {
  return {
    engineVersion: facts.engineVersion,
    modelDigest: facts.digest,
    ...(facts.quant !== undefined && { quant: facts.quant }),
    slots: facts.slots,
    contextTokens: facts.contextTokens,
    workloads: ['completion'],
    determinism: facts.slots === 1 && facts.device === 'cpu' ? 'exact' : 'best_effort',
    seedBits: 31,
    features: {
      params: PARAMS,
      chat: true,
      jsonSchema: true,
      promptAbort: true,
      interruptibleDecode: true,
      controlTokens: 'separated',
      kvReuse: facts.reusesPrefix ? 'prefix' : 'none',
      cancel: 'id',
      cancelConfirmed: true,
    },
  };
}
