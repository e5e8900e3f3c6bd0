import { type RequeueReceipt } from '@llama-orch/client';
import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type Room, type RoomFacts } from '../core/model.js';
import { type QueueLoad } from '../forecast/overload.js';
import { type PoolOption } from '../pool-ranking.js';

/** Why a newcomer found room, made room, or was turned away. */
export function whyRoom(priority: PriorityClass, facts: RoomFacts, room: Room): string {
  const { waiting, capacity } = facts;
  if (facts.startsAtOnce) return 'A slot is free and nobody waits.';
  if (room.type === 'free') return `${waiting.all} of ${capacity} places are taken.`;
  const full = whatIsFull(priority, facts);
  if (room.type === 'evict' && room.preempted)
    return `${facts.preemption?.late === true ? 'The newcomer would start too late' : full}; by preemption a ${room.victim.priority} task gives way.`;
  if (room.type === 'evict') return `${full}; by ${room.policy} a ${room.victim.priority} task gives way.`;
  return room.policy === 'reject' ? `${full}.` : `${full}; by ${room.policy} nobody has to give way.`;
}

function whatIsFull(priority: PriorityClass, { waiting, capacity, classCapacity, held }: RoomFacts): string {
  if (waiting.all >= capacity) return `All ${capacity} places are taken`;
  if (waiting[priority] >= classCapacity[priority])
    return `All ${classCapacity[priority]} places of class ${priority} are taken`;
  return `What is free of ${capacity} places is kept for ${held?.all ?? 0} callers who were told to come back`;
}

export function whyPool({ startsAtOnce, hasRoom, startP50Ms }: PoolOption): string {
  if (startsAtOnce) return 'A slot is free and nobody waits.';
  return `The queue ${hasRoom ? 'has room' : 'is full'}; predicted start in ${startP50Ms} ms.`;
}

export const WHY_SUSPENDED =
  'An interactive task waits for a slot; of the batch tasks that may be suspended, this one was dispatched last.';

/** `later`: candidates that were dispatched after this one. */
export const whyInTurn = (later: number): string =>
  later === 0 ? 'Dispatched last.' : `Dispatched before ${later} other${later === 1 ? '' : 's'}.`;

/** Why a waiting task was given up although nobody took its place. */
export function whyHopeless({ waiting, capacity, fullForMs }: QueueLoad, chance: number): string {
  const since = `For ${Math.floor(fullForMs / 1000)} s the queue has been nearly full, ${waiting} of ${capacity} places now`;
  const percent = Math.round(chance * 100);
  const likely = percent === 0 ? 'less than 1 %' : percent === 100 ? 'more than 99 %' : `${percent} %`;
  return `${since}; of all that wait, this task was the least likely to be on time, with a chance of ${likely}.`;
}

/** The code of a task that another pool took over. */
export const MOVED = 'POOL_UNREADY';

/** Why a task waits again, or elsewhere. */
export function whyRequeued({ code, failover }: RequeueReceipt['inputs']): string {
  if (failover !== undefined) return whyFailedOver(code, failover);
  if (code === MOVED) return 'The pool that had it serves nobody now; this one answers alike and has room for it.';
  return `The engine was lost before the first token (${code}); the task goes back to the head of its queue, once.`;
}

function whyFailedOver(code: string, { attempt, most }: NonNullable<RequeueReceipt['inputs']['failover']>): string {
  const again = 'the next run repeats what its reader has, and goes on behind it';
  return `The engine was lost after the first token (${code}); ${again} (${attempt} of at most ${most}).`;
}
