import { type Estimate } from './estimator.js';
import { type Arriving, workpieceOf } from './forecastable.js';
import { type PoolOutlook } from './pool-outlook.js';

/** When a task would start and how long it would run. Times in ms. */
export interface Forecast {
  readonly start: Estimate;
  readonly service: Estimate;
}

/** The forecast that the task's deadline cannot meet; undefined when it can, or when there is none. */
export function missedDeadline(task: Arriving, outlook: PoolOutlook, now: number): Forecast | undefined {
  const { deadlineAt } = task;
  if (deadlineAt === undefined) return undefined;
  const start = outlook.startOf(task, now);
  const service = outlook.serviceMs(workpieceOf(task));
  const meets = ({ p50 }: Estimate) => now + p50 + service.p50 <= deadlineAt;
  if (meets(start)) return undefined;
  const earlier = outlook.startByPreemption(task, now);
  return earlier !== undefined && meets(earlier) ? undefined : { start, service };
}

/** True when a task would start too late for its deadline if nothing gave way to it. */
export function isLate(task: Arriving, outlook: PoolOutlook, now: number): boolean {
  const { deadlineAt } = task;
  if (deadlineAt === undefined || outlook.pool.preemption === undefined) return false;
  return now + outlook.startOf(task, now).p50 + outlook.serviceMs(workpieceOf(task)).p50 > deadlineAt;
}
