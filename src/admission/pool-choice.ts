import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { AppError } from '../kernel/errors.js';
import { type Pool } from '../pools/pool.js';
import { roomFor } from '../scheduling/core/queue-room.js';
import { clampRetryMs } from '../scheduling/retry-clock.js';
import { type Scheduler } from '../scheduling/scheduler.js';

/** Pools that serve now. @throws AppError 503 that says why none does */
export function requireUsable(candidates: readonly Pool[], now: number): readonly Pool[] {
  const ready = candidates.filter((pool) => pool.ready);
  if (ready.length > 0) return ready;
  const coming = candidates.find((pool) => pool.state !== 'failed' && pool.state !== 'stopped');
  if (coming !== undefined) throw unready(coming, now);
  throw unavailable(candidates[0]!, now);
}

/** A pool with a free slot; else the one with room and the least predicted start; else the least predicted start. */
export function choosePool(pools: readonly Pool[], scheduler: Scheduler, priority: PriorityClass, now: number): Pool {
  const ranked = pools
    .map((pool) => {
      const outlook = scheduler.outlook(pool.id);
      const start = outlook.startAfter(outlook.aheadOf(priority), now).p50;
      const rank = outlook.hasFreeSlot ? 0 : roomFor(priority, outlook.pool).type === 'free' ? 1 : 2;
      return { pool, start, rank };
    })
    .toSorted((a, b) => a.rank - b.rank || a.start - b.start || (a.pool.id < b.pool.id ? -1 : 1));
  return ranked[0]!.pool;
}

function unready(pool: Pool, now: number): AppError {
  const waitMs = clampRetryMs(pool.readyInMs(now));
  const because = pool.lastError === undefined ? '' : `; its last error: ${pool.lastError.message}`;
  return new AppError(
    'POOL_UNREADY',
    `pool ${pool.id} is not ready (${pool.state})${because}; try again in ${Math.ceil(waitMs / 1000)} s`,
    {
      members: { engine: pool.engine, pool_id: pool.id, retry_after_ms: waitMs },
    },
  );
}

function unavailable(pool: Pool, now: number): AppError {
  const because = pool.lastError?.message ?? 'its engine failed';
  return new AppError('POOL_UNAVAILABLE', `pool ${pool.id} failed: ${because}; the operator has to mend it`, {
    members: {
      engine: pool.engine,
      pool_id: pool.id,
      retry_after_ms: clampRetryMs(pool.readyInMs(now)),
    },
  });
}
