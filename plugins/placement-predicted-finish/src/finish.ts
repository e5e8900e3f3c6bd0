import { type PlacementCandidate, type PlacementTask } from '@llama-orch/plugin-sdk';

/** A task of unknown size. */
const USUAL_PROMPT = 500;
const USUAL_ANSWER = 200;

/** Tokens of the prompt that the replica has to read, because no cache holds them. */
export function coldTokens(
  { warmTokens = 0 }: PlacementCandidate,
  { promptTokens = USUAL_PROMPT }: PlacementTask,
): number {
  return Math.max(0, promptTokens - warmTokens);
}

export function answerTokens({ expectedTokens = USUAL_ANSWER }: PlacementTask): number {
  return expectedTokens;
}

/** Time that other busy slots take from a task, as a share; 0 where nobody knows. */
export function slowedBy({ rates, slotsBusy }: PlacementCandidate): number {
  return rates === undefined ? 0 : rates.slowdown * slotsBusy;
}

/** Ms to read the prompt there; endless where nothing is known of the replica's speed. */
export function prefillMs(candidate: PlacementCandidate, task: PlacementTask): number {
  const { rates } = candidate;
  if (rates === undefined) return Infinity;
  return (coldTokens(candidate, task) * 1000 * (1 + slowedBy(candidate))) / rates.prefillTps;
}

/** Ms to write the answer there; endless where nothing is known of the replica's speed. */
export function decodeMs(candidate: PlacementCandidate, task: PlacementTask): number {
  const { rates } = candidate;
  if (rates === undefined) return Infinity;
  return (answerTokens(task) * 1000 * (1 + slowedBy(candidate))) / rates.decodeTps;
}

/**
 * Ms until the task is finished if it starts there now. What was measured little is given the benefit of the doubt: only who
 * gets work can show how fast it is.
 */
export function finishMs(candidate: PlacementCandidate, task: PlacementTask): number {
  const doubt = candidate.rates?.uncertainty ?? 0;
  return (prefillMs(candidate, task) + decodeMs(candidate, task)) / (1 + doubt);
}
