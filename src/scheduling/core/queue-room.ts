import { type PriorityClass, type QueueItem } from '@llama-orch/plugin-sdk';
import { type ErrorCode } from '../../kernel/errors.js';
import { type CorePool, type FullPolicy } from './model.js';

/** Whether a newcomer finds room, and at whose cost. */
export type Room =
  | { readonly type: 'free' }
  | { readonly type: 'evict'; readonly victim: QueueItem; readonly policy: FullPolicy }
  | { readonly type: 'full'; readonly code: ErrorCode; readonly policy: FullPolicy };

const FREE: Room = { type: 'free' };

/** Applies the full-queue policy of the newcomer's class. */
export function roomFor(priority: PriorityClass, pool: CorePool): Room {
  const poolFull = pool.queue.size >= pool.capacity;
  const classFull = pool.queue.sizeOf(priority) >= pool.classCapacity[priority];
  if (!poolFull && !classFull) return FREE;
  const policy = pool.fullPolicy[priority];
  const victim = victimOf(policy, priority, pool, classFull);
  if (victim !== undefined) return { type: 'evict', victim, policy };
  return { type: 'full', code: policy === 'drop-lru' ? 'QUEUE_FULL_DROP_LRU' : 'ADMISSION_REJECT', policy };
}

function victimOf(
  policy: FullPolicy,
  priority: PriorityClass,
  { queue }: CorePool,
  classFull: boolean,
): QueueItem | undefined {
  if (policy === 'reject') return undefined;
  // A full class is not relieved by evicting another class.
  if (policy === 'drop-lru') {
    if (classFull || priority === 'batch') return queue.peek(priority, 'oldest');
    return queue.peek('batch', 'oldest') ?? queue.peek('interactive', 'oldest');
  }
  return priority === 'interactive' && !classFull ? queue.peek('batch', 'newest') : undefined;
}
