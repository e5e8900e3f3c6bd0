import { type AdmissionReceipt, type EvictionReceipt } from '@llama-orch/client';
import { type QueueItem } from '@llama-orch/plugin-sdk';
import { type RoomFacts } from '../core/model.js';
import { type QueueLoad } from '../forecast/overload.js';
import { type TaskNames } from './task-names.js';

export type WrittenRoom = AdmissionReceipt['inputs']['room'];
type WrittenLoad = NonNullable<EvictionReceipt['inputs']['overload']>;
type WrittenItem = NonNullable<NonNullable<WrittenRoom['ends']>['newest_batch']>;

export function writeRoom(facts: RoomFacts, names: TaskNames): WrittenRoom {
  const { ends } = facts;
  return {
    waiting: facts.waiting,
    capacity: facts.capacity,
    class_capacity: facts.classCapacity,
    full_policy: facts.fullPolicy,
    starts_at_once: facts.startsAtOnce,
    held: facts.held === undefined ? null : { all: facts.held.all, of_class: facts.held.ofClass },
    preemption: facts.preemption ?? null,
    ends:
      ends === undefined
        ? null
        : {
            oldest_interactive: writeWaiting(ends.oldestInteractive, names),
            oldest_batch: writeWaiting(ends.oldestBatch, names),
            newest_batch: writeWaiting(ends.newestBatch, names),
          },
  };
}

export function readRoom(room: WrittenRoom): RoomFacts {
  const { ends, held, preemption } = room;
  const facts = {
    waiting: room.waiting,
    capacity: room.capacity,
    classCapacity: room.class_capacity,
    fullPolicy: room.full_policy,
    startsAtOnce: room.starts_at_once,
    ...(held === null ? {} : { held: { all: held.all, ofClass: held.of_class } }),
    ...(preemption === null ? {} : { preemption }),
  };
  if (ends === null) return facts;
  const { oldest_interactive, oldest_batch, newest_batch } = ends;
  return {
    ...facts,
    ends: {
      oldestInteractive: readWaiting(oldest_interactive),
      oldestBatch: readWaiting(oldest_batch),
      newestBatch: readWaiting(newest_batch),
    },
  };
}

export function writeLoad({ waiting, capacity, fullForMs, rules }: QueueLoad, chance: number): WrittenLoad {
  return { waiting, capacity, full_for_ms: fullForMs, share: rules.share, least_ms: rules.forMs, chance };
}

export function readLoad({ waiting, capacity, full_for_ms, share, least_ms }: WrittenLoad): QueueLoad {
  return { waiting, capacity, fullForMs: full_for_ms, rules: { share, forMs: least_ms } };
}

export function writeWaiting(item: QueueItem, names: TaskNames): WrittenItem;
export function writeWaiting(item: QueueItem | undefined, names: TaskNames): WrittenItem | null;
export function writeWaiting(item: QueueItem | undefined, names: TaskNames): WrittenItem | null {
  if (item === undefined) return null;
  return { task_id: names.of(item.taskId), priority: item.priority, enqueued_at_ms: item.enqueuedAt };
}

function readWaiting(item: WrittenItem | null): QueueItem | undefined {
  if (item === null) return undefined;
  return { taskId: item.task_id, priority: item.priority, enqueuedAt: item.enqueued_at_ms };
}
