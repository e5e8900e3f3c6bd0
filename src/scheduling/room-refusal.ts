import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { AppError } from '../kernel/errors.js';
import { type Task } from '../tasks/task.js';
import { type Room, type RoomFacts } from './core/model.js';

/** When a refused caller may come again, and whether a place is kept for it then. */
export interface Advice {
  readonly retryMs: number;
  readonly isKept: boolean;
}

/** The 429 of a task that finds no room. */
export function roomRefusal(
  { request, engine, poolId }: Task,
  { code, policy }: Extract<Room, { type: 'full' }>,
  facts: RoomFacts,
  { retryMs, isKept }: Advice,
): AppError {
  const advice = isKept ? 'a place is kept for this task in' : 'retry in';
  const members = { engine, pool_id: poolId, retry_after_ms: retryMs, policy_label: policy };
  return new AppError(
    code,
    `queue of pool ${poolId} is full (${limitOf(request.priority, facts)}); ${advice} ${retryMs} ms`,
    { members },
  );
}

/** The limit that a task met: that of the pool, that of its class alone, or places that are kept for others. */
function limitOf(priority: PriorityClass, { waiting, capacity, classCapacity, held }: RoomFacts): string {
  if (waiting.all >= capacity) return String(capacity);
  if (waiting[priority] >= classCapacity[priority]) return `${classCapacity[priority]} for ${priority}`;
  return `${held?.all ?? 0} free places are kept for callers who were told to come back`;
}
