import { type QueueItem } from '@llama-orch/plugin-sdk';

/** The waiting items of one flow, in the order of their turns. Iterating goes in that order and changes nothing. */
export interface FlowLane extends Iterable<QueueItem> {
  readonly size: number;
  addLast(item: QueueItem): void;
  /** For an item that comes back. */
  addFirst(item: QueueItem): void;
  takeFirst(): QueueItem | undefined;
  /** Takes out one item; false when it is not there. */
  remove(taskId: string): boolean;
}
