import { type QueueItem } from '@llama-orch/plugin-sdk';
import { type FlowLane } from './flow-lane.js';

interface Link {
  readonly item: QueueItem;
  previous: Link | undefined;
  next: Link | undefined;
}

/**
 * Items in a chain: every call but {@link LinkedLane.insertByArrival} takes constant time, memory follows what waits.
 * The index by id is made when it is first asked for: most lanes are emptied from the head.
 */
export class LinkedLane implements FlowLane {
  #index: Map<string, Link> | undefined;
  #size = 0;
  #first: Link | undefined;
  #last: Link | undefined;

  get size(): number {
    return this.#size;
  }

  get oldest(): QueueItem | undefined {
    return this.#first?.item;
  }

  get newest(): QueueItem | undefined {
    return this.#last?.item;
  }

  get(taskId: string): QueueItem | undefined {
    return this.#find(taskId)?.item;
  }

  addLast(item: QueueItem): void {
    this.#insert(item, this.#last, undefined);
  }

  addFirst(item: QueueItem): void {
    this.#insert(item, undefined, this.#first);
  }

  /** Puts an item behind those that arrived before it; takes as long as it passes items. */
  insertByArrival(item: QueueItem): void {
    let next = this.#first;
    while (next !== undefined && next.item.enqueuedAt < item.enqueuedAt) next = next.next;
    this.#insert(item, next === undefined ? this.#last : next.previous, next);
  }

  takeFirst(): QueueItem | undefined {
    const first = this.#first;
    if (first !== undefined) this.#takeOut(first);
    return first?.item;
  }

  remove(taskId: string): boolean {
    const link = this.#find(taskId);
    if (link !== undefined) this.#takeOut(link);
    return link !== undefined;
  }

  *[Symbol.iterator](): Iterator<QueueItem> {
    for (let link = this.#first; link !== undefined; link = link.next) yield link.item;
  }

  #insert(item: QueueItem, previous: Link | undefined, next: Link | undefined): void {
    const link = { item, previous, next };
    if (previous === undefined) this.#first = link;
    else previous.next = link;
    if (next === undefined) this.#last = link;
    else next.previous = link;
    this.#index?.set(item.taskId, link);
    this.#size++;
  }

  #find(taskId: string): Link | undefined {
    return (this.#index ??= this.#newIndex()).get(taskId);
  }

  #newIndex(): Map<string, Link> {
    const index = new Map<string, Link>();
    for (let link = this.#first; link !== undefined; link = link.next) index.set(link.item.taskId, link);
    return index;
  }

  #takeOut({ item, previous, next }: Link): void {
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    this.#index?.delete(item.taskId);
    this.#size--;
  }
}
