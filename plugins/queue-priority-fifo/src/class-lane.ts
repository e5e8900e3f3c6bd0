import { type QueueItem } from '@llama-orch/plugin-sdk';

/** The waiting items of one class, in the order of their turns. Iterating goes in that order and changes nothing. */
export interface ClassLane extends Iterable<QueueItem> {
  readonly size: number;
  /** First and last by arrival, wherever they stand. */
  readonly oldest: QueueItem | undefined;
  readonly newest: QueueItem | undefined;
  /** Since when the item that waits longest has waited; `Infinity` when nothing waits. */
  readonly oldestWaitsSince: number;
  addLast(item: QueueItem): void;
  /** For an item that comes back. */
  addFirst(item: QueueItem): void;
  takeFirst(): QueueItem | undefined;
  /** Takes out one item; false when it is not there. */
  remove(taskId: string): boolean;
  /** How many items stand before this one. */
  indexOf(taskId: string): number | undefined;
  /** How many items have to go, from the head on, until none is left that has waited since `time` or longer. */
  countWaitingSince(time: number): number;
}
