import { poolOf } from '../../test/support/pools.js';
import { AppError } from '../kernel/errors.js';
import { type Pool } from '../pools/pool.js';
import { type Scheduler } from '../scheduling/scheduler.js';
import { poolsInTime } from './deadline.js';
import { type UnplacedRequest } from './task-request.js';

const REQUEST = { priority: 'interactive', maxTokens: 10, expectedTokens: undefined, receivedAt: 0 };

/** What is left for a deadline by pools that would start after `start` and run for `service` ms. */
function verdict(
  pools: Readonly<Record<string, { readonly start: number; readonly service: number }>>,
  deadlineMs: number | undefined,
  now = 0,
): readonly string[] | AppError {
  const all = Object.keys(pools).map((id) => poolOf(id));
  const estimate = (ms: number) => ({ p50: ms, p90: ms * 2 });
  const scheduler = {
    outlook: (id: string) => ({
      startOf: () => estimate(pools[id]!.start),
      startByPreemption: () => undefined,
      serviceMs: () => estimate(pools[id]!.service),
    }),
  } as unknown as Scheduler;
  const sizes = new Map<Pool, { tokens: number; counted: boolean }>(
    all.map((pool) => [pool, { tokens: 3, counted: true }]),
  );
  try {
    return poolsInTime({ ...REQUEST, deadlineMs } as UnplacedRequest, sizes, scheduler, now).map(({ id }) => id);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

describe('A deadline', () => {
  const POOLS = {
    slow: { start: 0, service: 900 },
    late: { start: 700, service: 100 },
    quick: { start: 100, service: 100 },
  };

  it('leaves the pools that make it, also when others do not (ORCH-3079, ORCH-4405)', () => {
    expect(verdict(POOLS, 900)).toEqual(['slow', 'late', 'quick']);
    expect(verdict(POOLS, 899)).toEqual(['late', 'quick']);
    expect(verdict(POOLS, 200)).toEqual(['quick']);
    expect(verdict(POOLS, undefined)).toEqual(['slow', 'late', 'quick']);
  });

  it('that no pool makes is refused with the estimate of the one that comes closest (ORCH-3079, ORCH-4405)', () => {
    const refusal = verdict(POOLS, 199);
    expect(refusal).toMatchObject({
      code: 'DEADLINE_UNMET',
      status: 400,
      members: {
        ...{ engine: 'fake', pool_id: 'quick' },
        predicted: { start_p50_ms: 100, start_p90_ms: 200, decode_ms: 100, deadline_ms: 199 },
      },
    });
  });

  it('counts from the receipt, so that time spent on counting the prompt is gone (ORCH-3079)', () => {
    expect(verdict(POOLS, 300, 100)).toEqual(['quick']);
    expect(verdict(POOLS, 300, 101)).toBeInstanceOf(AppError);
  });

  it.each([0, -1])('of %d has passed already (ORCH-4405)', (deadlineMs) => {
    expect(verdict(POOLS, deadlineMs)).toMatchObject({
      code: 'DEADLINE_UNMET',
      members: { predicted: { deadline_ms: deadlineMs } },
    });
  });
});
