import { type PlacementStrategy } from '@llama-orch/plugin-sdk';
import { poolId, replicaId } from '../../kernel/ids.js';
import { corePool } from '../../../test/properties/support/core-model.js';
import { type CorePool } from './model.js';
import { candidatesOf, place } from './placement.js';

const ITEM = { taskId: 't', priority: 'interactive', enqueuedAt: 0 } as const;
const P = poolId('pool-0');

interface Facts {
  readonly slots?: number;
  readonly busy?: number;
  readonly ready?: boolean;
}

function poolWith(replicas: readonly Facts[], rank?: PlacementStrategy['rank']): CorePool {
  const setup = { capacity: 9, classCapacity: { interactive: 9, batch: 9 }, batchMaxWaitMs: 0, slots: [] };
  const pool = corePool(0, { ...setup, fullPolicy: { interactive: 'reject', batch: 'reject' } });
  replicas.forEach(({ slots = 2, busy = 0, ready = true }, at) => {
    pool.replicas.set(replicaId(P, at), {
      id: replicaId(P, at),
      labels: {},
      epoch: 1,
      interruptible: false,
      slots,
      busy,
      ready,
      dispatches: 0,
    });
  });
  return rank === undefined ? pool : { ...pool, strategy: { rank } };
}

const placed = (pool: CorePool) => {
  const candidates = candidatesOf(pool);
  const question = { item: ITEM, size: undefined, candidates, wish: undefined, affinityMaxLoad: undefined };
  return place(question, pool.strategy, (id) => candidates.some(({ replicaId: offered }) => offered === id));
};

describe('candidates', () => {
  it('are Ready and have a free slot (OC-CORE-1010, ORCH-3010)', () => {
    const pool = poolWith([{ busy: 1 }, { busy: 2 }, { ready: false }, {}]);
    expect(candidatesOf(pool)).toEqual([
      { replicaId: 'pool-0-0', slotsTotal: 2, slotsBusy: 1, labels: {} },
      { replicaId: 'pool-0-3', slotsTotal: 2, slotsBusy: 0, labels: {} },
    ]);
  });

  it('may be none, and then nothing is placed', () => {
    expect(placed(poolWith([{ ready: false }]))).toBeUndefined();
    expect(placed(poolWith([]))).toBeUndefined();
  });
});

describe('a placement', () => {
  it('follows the ranking and keeps its reason (ORCH-3008, OC-CORE-1012)', () => {
    const { replicaId: id, why } = placed(poolWith([{ busy: 1 }, {}, { busy: 1 }]))!;
    expect([id, why]).toEqual(['pool-0-1', 'No slot is busy.']);
  });

  it.each<readonly [string, PlacementStrategy['rank']]>([
    ['names a replica that was not offered', () => [{ replicaId: 'pool-0-0', score: 0, why: '' }]],
    ['names a replica that does not exist', () => [{ replicaId: 'pool-9-9', score: 0, why: '' }]],
    ['names none', () => []],
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['answers no list', () => undefined as never],
    ['answers a list of nothing', () => [null] as never],
    ['answers later', () => Promise.resolve([]) as never],
  ])('is made among the candidates when the strategy %s (OC-CORE-1010)', (_what, rank) => {
    const { replicaId: id, why } = placed(poolWith([{ ready: false }, {}, {}], rank))!;
    expect(id).toBe('pool-0-1');
    expect(why).toContain('placement strategy');
  });

  it('skips what was not offered and takes the next that was (OC-CORE-1010)', () => {
    const ranked = ['pool-0-0', 'pool-0-2'].map((name, score) => ({ replicaId: name, score, why: `score ${score}` }));
    const { replicaId: id, why } = placed(poolWith([{ ready: false }, {}, {}], () => ranked))!;
    expect([id, why]).toEqual(['pool-0-2', 'score 1']);
  });

  it('is the same for the same snapshot (OC-CORE-1012)', () => {
    const facts = Array.from({ length: 50 }, (_, at) => ({ slots: 1 + (at % 5), busy: at % 3 }));
    const once = placed(poolWith(facts));
    for (let again = 0; again < 5; again++) expect(placed(poolWith(facts))).toEqual(once);
  });
});
