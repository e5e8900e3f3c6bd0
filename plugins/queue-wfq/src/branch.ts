import { type QueueItem } from '@llama-orch/plugin-sdk';
import { type FlowLane } from './flow-lane.js';
import { type Source } from './turns.js';

export type LaneEnd = 'first' | 'last';

/** A part of the tree: a level of flows, or the lane of one flow. */
export interface Branch extends Source {
  add(item: QueueItem, end: LaneEnd): void;
  remove(item: QueueItem): boolean;
  /** Puts what an item was charged at its dispatch right, in the flows that were charged for it. */
  settle(item: QueueItem, actualCost: number): void;
}

/** The lane at the end of a branch. */
export class Leaf implements Branch {
  constructor(private readonly lane: FlowLane) {}

  get size(): number {
    return this.lane.size;
  }

  add(item: QueueItem, end: LaneEnd): void {
    if (end === 'first') this.lane.addFirst(item);
    else this.lane.addLast(item);
  }

  takeFirst(): QueueItem | undefined {
    return this.lane.takeFirst();
  }

  remove({ taskId }: QueueItem): boolean {
    return this.lane.remove(taskId);
  }

  settle(): void {
    // Nobody shares a lane, so nobody is owed anything.
  }

  playable(): Source {
    return new Reading(this.lane);
  }
}

/** Reads a lane from its head on. */
class Reading implements Source {
  readonly #items: Iterator<QueueItem>;
  #left: number;

  constructor(private readonly lane: FlowLane) {
    this.#items = lane[Symbol.iterator]();
    this.#left = lane.size;
  }

  get size(): number {
    return this.#left;
  }

  takeFirst(): QueueItem | undefined {
    const next = this.#items.next();
    if (next.done === true) return undefined;
    this.#left--;
    return next.value;
  }

  playable(): Source {
    return new Reading(this.lane);
  }
}
