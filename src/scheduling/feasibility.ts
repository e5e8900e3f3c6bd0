import { type Estimate } from './estimator.js';
import { type Forecastable } from './forecastable.js';
import { type PoolOutlook, workpieceOf } from './pool-outlook.js';

/** When a task would start and how long it would run. Times in ms. */
export interface Forecast {
  readonly start: Estimate;
  readonly service: Estimate;
}

/** The forecast that a deadline cannot meet; undefined when it can. */
export function missedDeadline(
  task: Pick<Forecastable, 'request' | 'promptTokens'>,
  deadlineMs: number | undefined,
  outlook: PoolOutlook,
  now: number,
): Forecast | undefined {
  if (deadlineMs === undefined) return undefined;
  const { priority } = task.request;
  const start = outlook.startAfter(outlook.aheadOf(priority), now, priority);
  const service = outlook.serviceMs(workpieceOf(task));
  if (start.p50 + service.p50 <= deadlineMs) return undefined;
  const earlier = outlook.startByPreemption(priority, now);
  return earlier !== undefined && earlier.p50 + service.p50 <= deadlineMs ? undefined : { start, service };
}

/** True when a task would start too late for its deadline if nothing gave way to it. */
export function isLate(
  task: Pick<Forecastable, 'request' | 'promptTokens' | 'deadlineAt'>,
  outlook: PoolOutlook,
  now: number,
): boolean {
  if (task.deadlineAt === undefined || outlook.pool.preemption === undefined) return false;
  const { priority } = task.request;
  const start = outlook.startAfter(outlook.aheadOf(priority), now, priority);
  return now + start.p50 + outlook.serviceMs(workpieceOf(task)).p50 > task.deadlineAt;
}
