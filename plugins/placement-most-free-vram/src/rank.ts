import { type PlacementCandidate, type Ranked, type RankKey, rankBy } from '@llama-orch/plugin-sdk';

const GIBIBYTE = 2 ** 30;

/** Memory that nobody knows counts for less than any that is known. */
const KEYS: readonly RankKey[] = [
  ({ freeVramBytes = -1 }) => -freeVramBytes,
  ({ slotsBusy }) => slotsBusy,
  ({ slotsBusy, slotsTotal }) => slotsBusy / slotsTotal,
];

/** Most free memory first; see the README for the criteria. */
export function rankByMemory(candidates: readonly PlacementCandidate[]): Ranked[] {
  return rankBy(candidates, KEYS, explain);
}

function explain({ freeVramBytes, slotsBusy, slotsTotal }: PlacementCandidate): string {
  const slots = slotsBusy === 0 ? 'no slot is busy' : `${slotsBusy} of ${slotsTotal} slots are busy`;
  if (freeVramBytes === undefined) return `Its free memory is unknown; ${slots}.`;
  return `${(freeVramBytes / GIBIBYTE).toFixed(1)} GiB of memory are free; ${slots}.`;
}
