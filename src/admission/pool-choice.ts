import { AppError } from '../kernel/errors.js';
import { type Pool } from '../pools/pool.js';
import { type Arriving } from '../scheduling/forecast/forecastable.js';
import { type PoolOption, bestPool } from '../scheduling/pool-ranking.js';
import { clampRetryMs } from '../scheduling/promises/retry-wait.js';
import { type Scheduler } from '../scheduling/scheduler.js';

/** Pools that serve now, or as soon as they have loaded. @throws AppError 503 that says why none does */
export function requireUsable(candidates: readonly Pool[], now: number): readonly Pool[] {
  const usable = candidates.filter((pool) => pool.takesTasks);
  if (usable.length > 0) return usable;
  const coming = candidates.find((pool) => pool.state !== 'failed' && pool.state !== 'stopped');
  if (coming !== undefined) throw unready(coming, now);
  throw unavailable(candidates[0]!, now);
}

export interface PoolChoice {
  readonly pool: Pool;
  /** What it was compared with, itself included; empty without a choice. */
  readonly options: readonly PoolOption[];
}

/** The pool that its outlook speaks for. `taskFor` is the newcomer as a pool would count it. */
export function choosePool(
  pools: readonly Pool[],
  scheduler: Pick<Scheduler, 'outlook'>,
  taskFor: (pool: Pool) => Arriving,
  now: number,
): PoolChoice {
  const offers = pools.map((pool) => ({ outlook: scheduler.outlook(pool.id), task: taskFor(pool) }));
  const { outlook, options } = bestPool(offers, now);
  return { pool: pools.find(({ id }) => id === outlook.pool.id)!, options };
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
  return new AppError('POOL_UNAVAILABLE', whyUnavailable(pool), {
    members: {
      engine: pool.engine,
      pool_id: pool.id,
      retry_after_ms: clampRetryMs(pool.readyInMs(now)),
    },
  });
}

function whyUnavailable({ id, state, lastError }: Pool): string {
  if (state === 'stopped') return `pool ${id} was taken out of service; it comes back when the operator reloads it`;
  return `pool ${id} failed: ${lastError?.message ?? 'its engine failed'}; the operator has to mend it`;
}
