import { type PlacementStrategy } from '@llama-orch/plugin-sdk';
import { corePool } from '../../test/properties/support/core-model.js';
import { poolOf } from '../../test/support/pools.js';
import { AppError } from '../kernel/errors.js';
import { SeededRandom } from '../kernel/random.js';
import { type PoolId, replicaId } from '../kernel/ids.js';
import { PoolOutlook } from '../scheduling/forecast/pool-outlook.js';
import { type Scheduler } from '../scheduling/scheduler.js';
import { choosePool, requireUsable } from './pool-choice.js';

interface Load {
  readonly slots: number;
  readonly busy?: number;
  readonly waiting?: number;
  readonly capacity?: number;
}

const request = { priority: 'interactive', maxTokens: 100, expectedTokens: undefined, tenantId: 'd', sessionId: null } as const; // prettier-ignore
const NEWCOMER = { request, promptTokens: 100, deadlineAt: undefined };

/** Ids of the pools, best first by what is chosen when the better ones are not there. */
function choice(loads: Readonly<Record<string, Load>>): string[] {
  const pools = Object.keys(loads).map((id) => poolOf(id));
  const outlooks = new Map(pools.map((pool) => [pool.id, outlookOf(pool.id, loads[pool.id]!)]));
  const scheduler = { outlook: (id: (typeof pools)[number]['id']) => outlooks.get(id)! } as unknown as Scheduler;
  const order: string[] = [];
  for (let left = pools; left.length > 0; left = left.filter(({ id }) => !order.includes(id))) {
    order.push(choosePool(left, scheduler, () => NEWCOMER, 0).pool.id);
  }
  return order;
}

function outlookOf(name: PoolId, { slots, busy = 0, waiting = 0, capacity = 5 }: Load): PoolOutlook {
  const setup = { capacity, classCapacity: { interactive: capacity, batch: capacity }, batchMaxWaitMs: 0, slots: [] };
  const core = corePool(0, { ...setup, fullPolicy: { interactive: 'reject', batch: 'reject' } });
  const pool = { ...core, id: name };
  const id = replicaId(pool.id, 0);
  pool.replicas.set(id, { id, labels: {}, epoch: 1, interruptible: false, slots, busy, ready: true, dispatches: 0 });
  const strategy: PlacementStrategy = pool.strategy;
  const outlook = new PoolOutlook({ ...pool, strategy }, { prefill: 500, decode: 20 }, new SeededRandom(1));
  for (let at = 0; at < Math.max(busy, waiting + busy); at++) {
    const task = {
      key: `t${at}`,
      promptTokens: 100,
      request: { priority: 'interactive', maxTokens: 100 },
      tokensOut: 0,
      dispatchedAt: 0,
    };
    outlook.enqueued(task as never, { p50: 0, p90: 0 }, 0);
    if (at < busy) outlook.dispatched(task as never, 0);
    else pool.queue.enqueue({ taskId: `t${at}`, priority: 'interactive', enqueuedAt: at });
  }
  return outlook;
}

describe('the choice of a pool', () => {
  it('is one with a free slot, else one with room, else any (ORCH-4401)', () => {
    const full = { slots: 1, busy: 1, waiting: 5 };
    const roomy = { slots: 1, busy: 1, waiting: 3 };
    const free = { slots: 2, busy: 1 };
    expect(choice({ a: full, b: roomy, c: free })).toEqual(['c', 'b', 'a']);
  });

  it('is the earliest start among equals, then the first name (ORCH-4401)', () => {
    expect(
      choice({
        a: { slots: 1, busy: 1, waiting: 4 },
        b: { slots: 1, busy: 1, waiting: 2 },
        c: { slots: 2, busy: 2, waiting: 2 },
      }),
    ).toEqual(['c', 'b', 'a']);
    expect(choice({ b: { slots: 1 }, a: { slots: 1 } })).toEqual(['a', 'b']);
  });
});

describe('usable pools', () => {
  const refusal = (run: () => unknown): AppError => {
    try {
      run();
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
    throw new Error('nothing was refused');
  };

  it('are those with a Ready replica (ORCH-3010)', () => {
    const [ready, coming] = [poolOf('a'), poolOf('b', { description: null })];
    expect(requireUsable([coming, ready], 0)).toEqual([ready]);
  });

  it('may be coming: try again soon (ORCH-4302)', () => {
    const failed = poolOf('a', { description: null });
    failed.replicas[0]!.moveTo('failed');
    const { code, status, retriable, members } = refusal(() =>
      requireUsable([failed, poolOf('b', { description: null })], 0),
    );
    expect([code, status, retriable, members.pool_id, members.retry_after_ms]).toEqual([
      'POOL_UNREADY',
      503,
      true,
      'b',
      1000,
    ]);
  });

  it('names the time that the next start of a replica needs, from the plan and the last start (ORCH-4304, ORCH-4302)', () => {
    const pool = poolOf('a', { description: null, config: { replicas: 2 } });
    const [late, soon] = pool.replicas;
    Object.assign(late!, { startAt: 99_000 });
    Object.assign(soon!, { startAt: 20_000, lastStartMs: 4_000 });
    const { message, members } = refusal(() => requireUsable([pool], 10_000));
    expect(members.retry_after_ms).toBe(14_000);
    expect(message).toContain('try again in 14 s');
    expect(refusal(() => requireUsable([pool], 90_000)).members.retry_after_ms).toBe(500);
  });

  it('may all have failed: the last error says why, the wait is at most a minute (ORCH-4302, ORCH-3018)', () => {
    const failed = poolOf('a', { description: null });
    failed.replicas[0]!.moveTo('failed');
    failed.replicas[0]!.startAt = 300_000;
    failed.replicas[0]!.lastError = { code: 'unavailable', message: 'no GPU is usable', at_ms: 1 };
    const { code, message, members } = refusal(() => requireUsable([failed], 0));
    expect([code, members.retry_after_ms]).toEqual(['POOL_UNAVAILABLE', 60_000]);
    expect(message).toContain('no GPU is usable');
  });
});
