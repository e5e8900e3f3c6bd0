import { type PlacementCandidate, type Ranked } from './placement.js';

/** A number to compare candidates by; lower is better. Never NaN. */
export type RankKey = (candidate: PlacementCandidate) => number;

interface Entry {
  readonly candidate: PlacementCandidate;
  /** Its first key, which decides nearly always. */
  readonly first: number;
}

/** One replica takes the task; a few more are named for the record, and naming a thousand would cost more than choosing. */
const MOST_NAMED = 16;

/**
 * Ranks by keys, the most important first: the first one that differs decides, and `replicaId` where none does. Names the best
 * sixteen; those with equal keys have equal scores. A function of its arguments alone, in one pass over the candidates.
 */
export function rankBy(
  candidates: readonly PlacementCandidate[],
  keys: readonly RankKey[],
  explain: (candidate: PlacementCandidate) => string,
): Ranked[] {
  const [firstKey = () => 0, ...others] = keys;
  const best: Entry[] = [];
  for (const candidate of candidates) insert(best, candidate, firstKey(candidate), others);
  let score = 0;
  return best.map(({ candidate, first }, place) => {
    if (place > 0 && compare(candidate, first, best[place - 1]!, others) !== 0) score = place;
    return { replicaId: candidate.replicaId, score, why: explain(candidate) };
  });
}

/** Nothing is made for candidates that are not among the best, which are nearly all of many. */
function insert(best: Entry[], candidate: PlacementCandidate, first: number, others: readonly RankKey[]): void {
  let place = best.length;
  while (place > 0 && goesBefore(candidate, first, best[place - 1]!, others)) place--;
  if (place === MOST_NAMED) return;
  if (best.length === MOST_NAMED) best.pop();
  best.splice(place, 0, { candidate, first });
}

function goesBefore(candidate: PlacementCandidate, first: number, other: Entry, others: readonly RankKey[]): boolean {
  const order = compare(candidate, first, other, others);
  return order === 0 ? candidate.replicaId < other.candidate.replicaId : order < 0;
}

function compare(candidate: PlacementCandidate, first: number, other: Entry, others: readonly RankKey[]): number {
  if (first !== other.first) return first < other.first ? -1 : 1;
  for (const key of others) {
    const [mine, its] = [key(candidate), key(other.candidate)];
    if (mine !== its) return mine < its ? -1 : 1;
  }
  return 0;
}
