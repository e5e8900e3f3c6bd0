import { AppError } from '../kernel/errors.js';
import { type Pool } from '../pools/pool.js';
import { type Forecast, missedDeadline } from '../scheduling/forecast/feasibility.js';
import { type Scheduler } from '../scheduling/scheduler.js';
import { type PromptSize } from '../tasks/task.js';
import { LONGEST_DEADLINE_MS, type UnplacedRequest } from './task-request.js';

/**
 * Pools that can be expected to end the task in time.
 * @param pools those that serve now, with the size of the prompt in each
 * @param now monotonic ms; the deadline counts from the receipt
 * @throws AppError `DEADLINE_UNMET` with the estimate of the pool that would come closest
 */
export function poolsInTime(
  request: UnplacedRequest,
  pools: ReadonlyMap<Pool, PromptSize>,
  scheduler: Pick<Scheduler, 'outlook'>,
  now: number,
): readonly Pool[] {
  const { deadlineMs } = request;
  if (deadlineMs === undefined) return [...pools.keys()];
  if (deadlineMs <= 0) throw passed(deadlineMs, [...pools.keys()][0]!);
  const deadlineAt = request.receivedAt + deadlineMs;
  const inTime: Pool[] = [];
  const late: { readonly pool: Pool; readonly missed: Forecast }[] = [];
  for (const [pool, { tokens }] of pools) {
    const missed = missedDeadline({ request, promptTokens: tokens, deadlineAt }, scheduler.outlook(pool.id), now);
    if (missed === undefined) inTime.push(pool);
    else late.push({ pool, missed });
  }
  if (inTime.length > 0) return inTime;
  const [closest] = late.toSorted((a, b) => endOf(a.missed) - endOf(b.missed));
  throw unmet(deadlineMs, closest!.pool, closest!.missed);
}

function endOf({ start, service }: Forecast): number {
  return start.p50 + service.p50;
}

function passed(deadlineMs: number, { engine }: Pool): AppError {
  return new AppError(
    'DEADLINE_UNMET',
    `deadline_ms is ${deadlineMs}: it has passed already; give a time from now, 1 to ${LONGEST_DEADLINE_MS}`,
    {
      members: {
        engine,
        predicted: { start_p50_ms: 0, start_p90_ms: 0, decode_ms: 0, deadline_ms: deadlineMs },
      },
    },
  );
}

function unmet(deadlineMs: number, pool: Pool, { start, service }: Forecast): AppError {
  const decodeMs = Math.round(service.p50);
  return new AppError(
    'DEADLINE_UNMET',
    `the task would start in about ${start.p50} ms and run for ${decodeMs} ms, its deadline is ${deadlineMs} ms; give it more time or fewer tokens`,
    {
      members: {
        engine: pool.engine,
        pool_id: pool.id,
        predicted: { start_p50_ms: start.p50, start_p90_ms: start.p90, decode_ms: decodeMs, deadline_ms: deadlineMs },
      },
    },
  );
}
