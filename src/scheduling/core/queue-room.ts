import { type PriorityClass, type QueueItem } from '@llama-orch/plugin-sdk';
import { type TaskKey } from '../../kernel/ids.js';
import {
  type CorePool,
  type CoreTask,
  type FullPolicy,
  type HeldPlaces,
  type Room,
  type RoomFacts,
  type WaitingEnds,
} from './model.js';
import { hasFreeSlot } from './placement.js';
import { roomByPreemption } from './preemption.js';

/** What is known of a newcomer beside its class. */
interface Newcomer {
  readonly held?: HeldPlaces;
  readonly late?: boolean;
}

type Tasks = ReadonlyMap<TaskKey, CoreTask>;

const FREE: Room = { type: 'free' };

/**
 * What a pool's queue and slots look like to a newcomer of either class. Looking changes nothing. Of `tasks`, those that
 * have begun are no candidates for giving way.
 */
export function roomFacts(pool: CorePool, { held, late = false }: Newcomer = {}, tasks?: Tasks): RoomFacts {
  const { queue, capacity, classCapacity, fullPolicy } = pool;
  const all = queue.size;
  const waiting = { all, interactive: queue.sizeOf('interactive'), batch: queue.sizeOf('batch') };
  const startsAtOnce = all === 0 && hasFreeSlot(pool);
  const kept = held === undefined || held.all === 0 ? {} : { held };
  const preemption = pool.preemption === undefined ? {} : { preemption: { late } };
  const facts: RoomFacts = { waiting, capacity, classCapacity, fullPolicy, startsAtOnce, ...kept, ...preemption };
  // Who could give way is asked only when somebody may have to.
  return late || isFull('interactive', facts) || isFull('batch', facts)
    ? { ...facts, ends: endsOf(pool, tasks) }
    : facts;
}

/** Whether a waiting task finds a free place in this pool; nobody gives way to one that comes from another. */
export function mayMove({ phase, pool, item }: CoreTask, to: CorePool, newcomer: Newcomer): boolean {
  if (phase !== 'queued' || pool === to || to.draining === true || to.outage !== undefined) return false;
  return roomByPolicy(item.priority, roomFacts(to, newcomer)).type === 'free';
}

/** Applies preemption and the full-queue policy of the newcomer's class: a function of the snapshot alone. */
export function roomFor(priority: PriorityClass, facts: RoomFacts): Room {
  const room = roomByPolicy(priority, facts);
  return priority === 'interactive' ? roomByPreemption(room, facts) : room;
}

function roomByPolicy(priority: PriorityClass, facts: RoomFacts): Room {
  if (facts.startsAtOnce) return FREE;
  const policy = facts.fullPolicy[priority];
  // Nobody is evicted for a place that is only kept.
  if (!isFull(priority, facts))
    return isKept(priority, facts) ? { type: 'full', code: 'ADMISSION_REJECT', policy } : FREE;
  const victim = victimOf(policy, priority, facts);
  if (victim !== undefined) return { type: 'evict', victim, policy };
  return { type: 'full', code: policy === 'drop-lru' ? 'QUEUE_FULL_DROP_LRU' : 'ADMISSION_REJECT', policy };
}

function isFull(priority: PriorityClass, facts: RoomFacts): boolean {
  return facts.waiting.all >= facts.capacity || isClassFull(priority, facts);
}

/** True when what is free is kept for callers who were told to come back. */
function isKept(priority: PriorityClass, { held, waiting, capacity, classCapacity }: RoomFacts): boolean {
  if (held === undefined) return false;
  return waiting.all + held.all >= capacity || waiting[priority] + held.ofClass >= classCapacity[priority];
}

function isClassFull(priority: PriorityClass, { waiting, classCapacity }: RoomFacts): boolean {
  return waiting[priority] >= classCapacity[priority];
}

function victimOf(policy: FullPolicy, priority: PriorityClass, facts: RoomFacts): QueueItem | undefined {
  const { ends } = facts;
  if (policy === 'reject' || ends === undefined) return undefined;
  const classFull = isClassFull(priority, facts);
  // A full class is not relieved by evicting another class.
  if (policy === 'drop-lru') {
    const oldest = { interactive: ends.oldestInteractive, batch: ends.oldestBatch };
    if (classFull || priority === 'batch') return oldest[priority];
    return oldest.batch ?? oldest.interactive;
  }
  return priority === 'interactive' && !classFull ? ends.newestBatch : undefined;
}

function endsOf({ queue }: CorePool, tasks: Tasks | undefined): WaitingEnds {
  const peek = (priority: PriorityClass, end: 'oldest' | 'newest') => {
    const item = queue.peek(priority, end);
    return item !== undefined && tasks?.get(item.taskId as TaskKey)?.begun === true ? undefined : item;
  };
  return {
    oldestInteractive: peek('interactive', 'oldest'),
    oldestBatch: peek('batch', 'oldest'),
    newestBatch: peek('batch', 'newest'),
  };
}
