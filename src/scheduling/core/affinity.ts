import { type PlacementCandidate } from '@llama-orch/plugin-sdk';
import { type PlacementQuestion } from './placement.js';

/** Shares are fractions of small numbers; this much lies between none of them. */
const ROUNDING = 1e-9;

/** Why the replica of the session's last answer is not taken unasked; undefined when it is. */
export function whyPassedOver(
  wish: string,
  { candidates, affinityMaxLoad = Infinity }: Pick<PlacementQuestion, 'candidates' | 'affinityMaxLoad'>,
): string | undefined {
  const wished = candidates.find(({ replicaId }) => replicaId === wish);
  if (wished === undefined) return undefined;
  let least = wished;
  for (const candidate of candidates) if (loadOf(candidate) < loadOf(least)) least = candidate;
  if (loadOf(wished) - loadOf(least) <= affinityMaxLoad + ROUNDING) return undefined;
  return `The session's last replica ${wish} was passed over: ${slots(wished)} are busy there, ${slots(least)} on ${least.replicaId}.`;
}

function loadOf({ slotsBusy, slotsTotal }: PlacementCandidate): number {
  return slotsBusy / slotsTotal;
}

function slots({ slotsBusy, slotsTotal }: PlacementCandidate): string {
  return `${slotsBusy} of ${slotsTotal} slots`;
}
