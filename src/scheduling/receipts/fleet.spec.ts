import { corePool } from '../../../test/properties/support/core-model.js';
import { replicaId } from '../../kernel/ids.js';
import { type CorePool, type CoreReplica } from '../core/model.js';
import { candidatesOf } from '../core/placement.js';
import { Fleets, candidatesIn } from './fleet.js';

const PLAIN = { capacity: 9, classCapacity: { interactive: 9, batch: 9 }, batchMaxWaitMs: 0, slots: [] } as const;

function poolWith(count: number): CorePool {
  const pool = corePool(0, { ...PLAIN, fullPolicy: { interactive: 'reject', batch: 'reject' } });
  for (let at = 0; at < count; at++) start(pool, at, 2);
  return pool;
}

function start(pool: CorePool, at: number, slots: number): void {
  const id = replicaId(pool.id, at);
  const labels = { zone: `zone-${at % 2}` };
  pool.replicas.set(id, { id, labels, epoch: 1, slots, busy: 0, ready: true, interruptible: false, dispatches: 0 });
}

const replicaOf = (pool: CorePool, at: number): CoreReplica => pool.replicas.get(replicaId(pool.id, at))!;

describe('a snapshot of candidates', () => {
  it('gives them back as they were, whatever happens to the pool later (ORCH-4414)', () => {
    const pool = poolWith(6);
    const fleets = new Fleets();
    replicaOf(pool, 1).busy = 2;
    replicaOf(pool, 3).busy = 1;
    replicaOf(pool, 4).ready = false;
    const before = candidatesOf(pool);
    const snapshot = fleets.snapshot(pool, before);
    replicaOf(pool, 0).busy = 2;
    start(pool, 5, 8);
    pool.replicas.delete(replicaId(pool.id, 2));
    const after = candidatesOf(pool);
    expect(candidatesIn(fleets.snapshot(pool, after))).toEqual(after);
    expect(candidatesIn(snapshot)).toEqual(before);
  });

  it('shares what does not change: a number per replica is all that it adds (ORCH-4414)', () => {
    const pool = poolWith(50);
    const fleets = new Fleets();
    const first = fleets.snapshot(pool, candidatesOf(pool));
    replicaOf(pool, 7).busy = 2;
    replicaOf(pool, 8).ready = false;
    const second = fleets.snapshot(pool, candidatesOf(pool));
    expect(second.fleet).toBe(first.fleet);
    expect(second.busy.byteLength).toBe(200);
  });

  it('keeps the facts that were asked for, and once what did not change (ORCH-4414)', () => {
    const pool = { ...poolWith(3), strategy: { needs: ['memory', 'dispatches', 'rates'], rank: () => [] } } as CorePool;
    const fleets = new Fleets();
    const rates = { prefillTps: 1, decodeTps: 2, slowdown: 0, uncertainty: 1 };
    replicaOf(pool, 0).freeVramBytes = 7;
    replicaOf(pool, 2).rates = rates;
    const before = candidatesOf(pool);
    const first = fleets.snapshot(pool, before);
    replicaOf(pool, 1).dispatches = 1;
    const second = fleets.snapshot(pool, candidatesOf(pool));
    replicaOf(pool, 0).freeVramBytes = undefined;
    expect(candidatesIn(first)).toEqual(before);
    expect(Object.keys(candidatesIn(first)[1]!)).not.toContain('freeVramBytes');
    expect(second.facts.columns.freeVramBytes).toBe(first.facts.columns.freeVramBytes);
    expect([first.facts.ownBytes, second.facts.ownBytes]).toEqual([72, 24]);
  });

  it('may be one of candidates that the pool does not hold (ORCH-4414)', () => {
    const pool = poolWith(2);
    const stranger = { replicaId: 'elsewhere-0', slotsTotal: 4, slotsBusy: 3, labels: {} };
    expect(candidatesIn(new Fleets().snapshot(pool, [stranger]))).toEqual([stranger]);
  });
});
