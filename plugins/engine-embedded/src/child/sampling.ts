import { type LlamaContextSequenceRepeatPenalty, type SequenceEvaluateOptions, type Token } from 'node-llama-cpp';
import { type Sampling } from '@llama-orch/plugin-sdk';

/** How far penalties look back, over prompt and answer, as llama.cpp does it by default. */
const PENALTY_WINDOW = 64;
const SEED_LIMIT = 2 ** 31;

/** @param history prompt and answer so far, read anew for each token */
export function samplerOptions(sampling: Sampling, seed: number, history: readonly Token[]): SequenceEvaluateOptions {
  const { temperature, topK, topP, minP } = sampling;
  const repeatPenalty = penalties(sampling, history);
  return {
    temperature,
    topK,
    topP,
    minP,
    seed: seed % SEED_LIMIT,
    yieldEogToken: true,
    ...(repeatPenalty && { repeatPenalty }),
  };
}

function penalties(sampling: Sampling, history: readonly Token[]): LlamaContextSequenceRepeatPenalty | undefined {
  const { repeatPenalty, frequencyPenalty, presencePenalty } = sampling;
  if (repeatPenalty === 1 && frequencyPenalty === 0 && presencePenalty === 0) return undefined;
  return {
    punishTokens: () => history.slice(-PENALTY_WINDOW),
    maxPunishTokens: PENALTY_WINDOW,
    penalty: repeatPenalty,
    frequencyPenalty,
    presencePenalty,
  };
}
