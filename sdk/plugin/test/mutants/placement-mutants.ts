import { type PlacementCandidate, type PlacementStrategy, type Ranked } from '../../src/index.js';

export interface PlacementMutant {
  readonly wrong: string;
  readonly caughtBy: string;
  readonly create: () => PlacementStrategy;
}

/** The simplest keeper of the placement contract: fewest busy slots first. */
export function rankSoundly(candidates: readonly PlacementCandidate[]): Ranked[] {
  return candidates
    .map(({ replicaId, slotsBusy }) => ({ replicaId, score: slotsBusy, why: `${slotsBusy} slots are busy.` }))
    .sort((a, b) => a.score - b.score || (a.replicaId < b.replicaId ? -1 : 1));
}

function mutant(
  wrong: string,
  caughtBy: string,
  rank: (candidates: readonly PlacementCandidate[], calls: number) => readonly Ranked[],
): PlacementMutant {
  return {
    wrong,
    caughtBy,
    create: () => {
      let calls = 0;
      return { rank: (_task, candidates) => rank(candidates, calls++) };
    },
  };
}

export const placementMutants: readonly PlacementMutant[] = [
  mutant('answers later', 'PS-01', (all) => Promise.resolve(rankSoundly(all)) as unknown as Ranked[]),
  mutant('prefers another replica each time', 'PS-02', (all, calls) => {
    const ranked = rankSoundly(all);
    const shift = calls % Math.max(1, ranked.length);
    return [...ranked.slice(shift), ...ranked.slice(0, shift)].map((item, score) => ({ ...item, score }));
  }),
  mutant('sorts the list of the host', 'PS-03', (all) => {
    (all as PlacementCandidate[]).sort((a, b) => (a.replicaId < b.replicaId ? 1 : -1));
    return rankSoundly(all);
  }),
  mutant('changes a candidate', 'PS-03', (all) => {
    for (const candidate of all) (candidate.labels as Record<string, string>).seen = 'yes';
    return rankSoundly(all);
  }),
  mutant('names a replica of its own', 'PS-04', (all) => [
    ...rankSoundly(all),
    { replicaId: 'replica-elsewhere', score: 99, why: 'It is idle.' },
  ]),
  mutant('names the best twice', 'PS-05', (all) => {
    const ranked = rankSoundly(all);
    return [...ranked.slice(0, 1), ...ranked];
  }),
  mutant('gives no reason', 'PS-06', (all) => rankSoundly(all).map((item) => ({ ...item, why: ' ' }))),
  mutant('lists the worst first', 'PS-07', (all) => rankSoundly(all).reverse()),
  mutant('scores with infinity', 'PS-07', (all) =>
    rankSoundly(all).map((item, place) => (place === 0 ? item : { ...item, score: Infinity })),
  ),
  mutant('takes the first come as the best', 'PS-08', (all) =>
    all.map(({ replicaId }, score) => ({ replicaId, score, why: 'It was offered early.' })),
  ),
];
