import { type PlacementCandidate } from '@llama-orch/plugin-sdk';
import leastLoaded from '../src/index.js';
import { rankByLoad } from '../src/rank.js';

function candidate(replicaId: string, slotsBusy: number, slotsTotal: number, zone?: string): PlacementCandidate {
  return { replicaId, slotsBusy, slotsTotal, labels: zone === undefined ? {} : { zone } };
}

const order = (...candidates: PlacementCandidate[]): string[] =>
  rankByLoad(candidates).map(({ replicaId }) => replicaId);

describe('least-loaded', () => {
  it('prefers the smallest share of busy slots (ORCH-3008)', () => {
    expect(order(candidate('a', 1, 2), candidate('b', 3, 8), candidate('c', 2, 3))).toEqual(['b', 'a', 'c']);
  });

  it('prefers fewer busy slots among equal shares, also where fractions do not divide (ORCH-3008)', () => {
    expect(order(candidate('a', 4, 12), candidate('b', 2, 6), candidate('c', 1, 3))).toEqual(['c', 'b', 'a']);
  });

  it('prefers the zone with less load among equals (ORCH-3013)', () => {
    expect(order(candidate('a1', 1, 2, 'a'), candidate('a2', 0, 2, 'a'), candidate('b1', 0, 2, 'b'))).toEqual([
      'b1',
      'a2',
      'a1',
    ]);
  });

  it('looks at no zone when all candidates share one (ORCH-3013)', () => {
    const [first] = rankByLoad([candidate('a', 1, 2, 'a'), candidate('b', 1, 2, 'a')]);
    expect(first).toEqual({ replicaId: 'a', score: 0, why: '1 of 2 slots are busy.' });
  });

  it('gives equal scores, in the order of ids, to replicas that nothing tells apart (OC-CORE-1012)', () => {
    expect(rankByLoad([candidate('b', 0, 8), candidate('a', 0, 2), candidate('c', 1, 2)])).toEqual([
      { replicaId: 'a', score: 0, why: 'No slot is busy.' },
      { replicaId: 'b', score: 0, why: 'No slot is busy.' },
      { replicaId: 'c', score: 1, why: '1 of 2 slots are busy.' },
    ]);
  });

  it('explains the load of the zone where it counts (ORCH-3013)', () => {
    const [, last] = rankByLoad([candidate('a', 1, 4, 'a'), candidate('b', 0, 4, 'b')]);
    expect(last?.why).toBe('1 of 4 slots are busy, 25 % of all in its zone.');
  });

  it('names the best sixteen of a thousand replicas, each of them once (ORCH-3008)', () => {
    const all = Array.from({ length: 1_000 }, (_, at) => candidate(`r${at}`, at % 7, 8, `z${at % 3}`));
    const ranked = rankByLoad(all);
    expect(new Set(ranked.map(({ replicaId }) => replicaId)).size).toBe(16);
    expect(ranked.every(({ why }) => why.startsWith('No slot'))).toBe(true);
  });

  it('takes no options (ORCH-4701)', () => {
    expect(leastLoaded.options.safeParse({}).success).toBe(true);
    expect(leastLoaded.options.safeParse({ zone: 'a' }).success).toBe(false);
  });
});
