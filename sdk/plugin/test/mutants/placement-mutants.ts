import {
  fitMostFree,
  type Footprint,
  type GpuRoom,
  type PlacementCandidate,
  type PlacementStrategy,
  type Ranked,
} from '../../src/index.js';

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

/** Ranks soundly; its choice of devices is wrong in one way. */
function fitMutant(
  wrong: string,
  caughtBy: string,
  fit: (footprint: Footprint, gpus: readonly GpuRoom[], calls: number) => readonly number[] | undefined,
): PlacementMutant {
  return {
    wrong,
    caughtBy,
    create: () => {
      let calls = 0;
      return {
        rank: (_task, candidates) => rankSoundly(candidates),
        fit: (footprint, gpus) => fit(footprint, gpus, calls++),
      };
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
  mutant('takes facts for granted that may be absent', 'PS-07', (all) =>
    all.map(({ replicaId, rates }) => ({ replicaId, score: 1 / Number(rates?.decodeTps), why: 'It is fast.' })),
  ),
  mutant('takes the first come as the best', 'PS-08', (all) =>
    all.map(({ replicaId }, score) => ({ replicaId, score, why: 'It was offered early.' })),
  ),
  {
    wrong: 'needs what nobody knows',
    caughtBy: 'PS-09',
    create: () => ({ needs: ['weather' as never], rank: (_task, candidates) => rankSoundly(candidates) }),
  },
  fitMutant('gives devices in turn', 'PS-10', (_footprint, gpus, calls) => gpus[calls % gpus.length] && [calls]),
  fitMutant('sorts the devices of the host', 'PS-10', (footprint, gpus) => {
    (gpus as GpuRoom[]).sort((a, b) => b.index - a.index);
    return fitMostFree(footprint, gpus);
  }),
  fitMutant('leaves the mask', 'PS-11', (footprint, gpus) => fitMostFree(footprint, gpus) ?? [99]),
  fitMutant('names a device twice', 'PS-11', (footprint, gpus) => {
    const fit = fitMostFree(footprint, gpus);
    return fit && [...fit, ...fit];
  }),
  fitMutant('spreads a model unasked', 'PS-12', (footprint, gpus) =>
    fitMostFree(footprint, gpus) === undefined ? undefined : gpus.map(({ index }) => index),
  ),
  fitMutant('leaves devices of a split out', 'PS-12', (footprint, gpus) => fitMostFree(footprint, gpus)?.slice(0, 1)),
  fitMutant('forgets the cache', 'PS-13', (footprint, gpus) => fitMostFree({ ...footprint, kvBytes: 0 }, gpus)),
  fitMutant('counts what is in use', 'PS-13', (footprint, gpus) =>
    fitMostFree(
      footprint,
      gpus.map((gpu) => ({ ...gpu, freeBytes: gpu.vramTotalBytes })),
    ),
  ),
];
