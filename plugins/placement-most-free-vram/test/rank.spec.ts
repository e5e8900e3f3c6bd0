import { type PlacementCandidate, type PlacementStrategy } from '@llama-orch/plugin-sdk';
import mostFreeVram from '../src/index.js';

const GIB = 2 ** 30;
const strategy = mostFreeVram.create({}, { log: () => {} }) as PlacementStrategy;

function candidate(replicaId: string, freeGiB: number | undefined, slotsBusy = 0, slotsTotal = 4): PlacementCandidate {
  const memory = freeGiB === undefined ? {} : { freeVramBytes: freeGiB * GIB };
  return { replicaId, slotsBusy, slotsTotal, labels: {}, ...memory };
}

const order = (...candidates: PlacementCandidate[]): string[] =>
  strategy.rank({ taskId: 't', priority: 'interactive' }, candidates).map(({ replicaId }) => replicaId);

describe('most-free-vram', () => {
  it('prefers the most free memory, however busy its slots are (ORCH-3011, ORCH-3012)', () => {
    expect(order(candidate('a', 3), candidate('b', 9, 3), candidate('c', 6))).toEqual(['b', 'c', 'a']);
  });

  it('prefers fewer busy slots among equals, then the smaller share of them, then the id (OC-CORE-1012)', () => {
    const equals = [candidate('d', 3, 1, 4), candidate('c', 3, 1, 2), candidate('b', 3), candidate('a', 3)];
    expect(order(...equals)).toEqual(['a', 'b', 'd', 'c']);
  });

  it('goes by busy slots where no probe knows the memory (ORCH-3012, ORCH-1103)', () => {
    expect(order(candidate('a', undefined, 2), candidate('b', undefined, 1), candidate('c', undefined))).toEqual([
      'c',
      'b',
      'a',
    ]);
  });

  it('puts memory that nobody knows after all that is known, also after none left (ORCH-1103)', () => {
    expect(order(candidate('a', undefined), candidate('b', 0, 3), candidate('c', 1, 3))).toEqual(['c', 'b', 'a']);
  });

  it('says how much is free, or that nobody knows (ORCH-4414)', () => {
    const task = { taskId: 't', priority: 'batch' } as const;
    expect(strategy.rank(task, [candidate('a', 10.25, 1), candidate('b', undefined)])).toEqual([
      { replicaId: 'a', score: 0, why: '10.3 GiB of memory are free; 1 of 4 slots are busy.' },
      { replicaId: 'b', score: 1, why: 'Its free memory is unknown; no slot is busy.' },
    ]);
  });

  it('asks the host for memory, and takes no options (ORCH-4701)', () => {
    expect(strategy.needs).toEqual(['memory']);
    expect(mostFreeVram.options.safeParse({ margin: 1 }).success).toBe(false);
  });
});

describe('the devices that most-free-vram gives a new replica', () => {
  const gpus = [
    { index: 0, vramTotalBytes: 24 * GIB, freeBytes: 9 * GIB },
    { index: 2, vramTotalBytes: 12 * GIB, freeBytes: 11 * GIB },
    { index: 3, vramTotalBytes: 12 * GIB, freeBytes: 11 * GIB },
  ];
  const footprint = (weightsGiB: number, tensorSplit?: readonly number[]) => ({
    weightsBytes: weightsGiB * GIB,
    kvBytes: GIB,
    ...(tensorSplit && { tensorSplit }),
  });

  it('are the one with the most free memory, the first of equals (ORCH-3011, ORCH-3052-v31)', () => {
    expect(strategy.fit!(footprint(4), gpus)).toEqual([2]);
  });

  it('are none where the cache no longer fits beside the weights (ORCH-3018)', () => {
    expect(strategy.fit!(footprint(10), gpus)).toEqual([2]);
    expect(strategy.fit!(footprint(10.5), gpus)).toBeUndefined();
    expect(strategy.fit!(footprint(0), [])).toBeUndefined();
  });

  it('are all of a split where each has room for its share, else none (ORCH-3052)', () => {
    expect(strategy.fit!(footprint(19, [0.4, 0.3, 0.3]), gpus)).toEqual([0, 2, 3]);
    expect(strategy.fit!(footprint(19, [0.5, 0.25, 0.25]), gpus)).toBeUndefined();
    expect(strategy.fit!(footprint(1, [0.5, 0.5]), gpus)).toBeUndefined();
  });
});
