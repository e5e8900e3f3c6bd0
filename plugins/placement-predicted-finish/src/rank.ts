import { type PlacementCandidate, type PlacementTask, type Ranked, type RankKey, rankBy } from '@llama-orch/plugin-sdk';
import { answerTokens, coldTokens, decodeMs, finishMs, prefillMs, slowedBy } from './finish.js';

const TIES: readonly RankKey[] = [
  ({ warmTokens = 0 }) => -warmTokens,
  ({ slotsBusy, slotsTotal }) => slotsBusy / slotsTotal,
];

/** First predicted end first; see the README for the criteria. */
export function rankByFinish(task: PlacementTask, candidates: readonly PlacementCandidate[]): Ranked[] {
  const keys: readonly RankKey[] = [(candidate) => finishMs(candidate, task), ...TIES];
  return rankBy(candidates, keys, (candidate) => explain(candidate, task));
}

function explain(candidate: PlacementCandidate, task: PlacementTask): string {
  const { rates, slotsBusy, warmTokens } = candidate;
  if (rates === undefined) return 'Nothing is known of its speed.';
  const warm = warmTokens === undefined ? '' : ` beside ${warmTokens} warm ones`;
  const read = `${Math.round(coldTokens(candidate, task))} tokens${warm} at ${rate(rates.prefillTps)}`;
  const parts = [
    `${seconds(prefillMs(candidate, task))} to read ${read}`,
    `${seconds(decodeMs(candidate, task))} to write ${Math.round(answerTokens(task))} at ${rate(rates.decodeTps)}`,
    `${slotsBusy} busy slots slow it by ${percent(slowedBy(candidate))}`,
    `the rates may be off by ${percent(rates.uncertainty)}`,
  ];
  return `Finished in ${seconds(finishMs(candidate, task))} at best: ${parts.join(', ')}.`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
const rate = (tokensPerSecond: number): string => `${tokensPerSecond.toFixed(1)}/s`;
const percent = (share: number): string => `${Math.round(share * 100)} %`;
