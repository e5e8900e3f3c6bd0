import { type QueueItem } from '@llama-orch/plugin-sdk';
import { type ClassLane } from './class-lane.js';
import { HoleCounts } from './hole-counts.js';

const SMALLEST = 64;

/**
 * The waiting items of one class, in order of arrival.
 *
 * A ring in which every item has a sequence number: the back counts up, the head down. Taking an item out of the middle
 * leaves a hole; holes at either end are given back at once, so both ends always hold an item. The ring is rebuilt
 * when it is full or mostly empty, which keeps the cost per call constant and the memory in proportion to what waits.
 */
export class Lane implements ClassLane {
  readonly #sequenceOf = new Map<string, number>();
  #items: (QueueItem | undefined)[] = new Array<undefined>(SMALLEST);
  /** When the wait of a slot's item began; never falls from head to back, also across holes. */
  #waitingSince = new Float64Array(SMALLEST);
  #holes = new HoleCounts(SMALLEST);
  #mask = SMALLEST - 1;
  #head = 0;
  #back = 0;

  get size(): number {
    return this.#sequenceOf.size;
  }

  /** Length of the ring: at least what waits, at most eight times as much, and never below 64. */
  get capacity(): number {
    return this.#mask + 1;
  }

  get oldest(): QueueItem | undefined {
    return this.size === 0 ? undefined : this.#items[this.#head & this.#mask];
  }

  get newest(): QueueItem | undefined {
    return this.size === 0 ? undefined : this.#items[(this.#back - 1) & this.#mask];
  }

  /** Since when the oldest item waits; `Infinity` when nothing waits. */
  get oldestWaitsSince(): number {
    return this.size === 0 ? Infinity : this.#waitingSince[this.#head & this.#mask]!;
  }

  addLast(item: QueueItem): void {
    this.#makeRoom();
    const notBefore = this.size === 0 ? -Infinity : this.#waitingSince[(this.#back - 1) & this.#mask]!;
    this.#put(this.#back++, item, Math.max(item.enqueuedAt, notBefore));
  }

  addFirst(item: QueueItem): void {
    this.#makeRoom();
    const notAfter = this.oldestWaitsSince;
    this.#put(--this.#head, item, Math.min(item.enqueuedAt, notAfter));
  }

  takeFirst(): QueueItem | undefined {
    const item = this.oldest;
    if (item) this.#takeOut(item.taskId, this.#head);
    return item;
  }

  remove(taskId: string): boolean {
    const sequence = this.#sequenceOf.get(taskId);
    if (sequence === undefined) return false;
    this.#takeOut(taskId, sequence);
    return true;
  }

  /** How many items stand before this one in the lane. */
  indexOf(taskId: string): number | undefined {
    const sequence = this.#sequenceOf.get(taskId);
    return sequence === undefined ? undefined : this.#countBefore(sequence);
  }

  /** How many items, all at the head, have waited since `time` or longer. */
  countWaitingSince(time: number): number {
    let low = this.#head;
    let high = this.#back;
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2);
      if (this.#waitingSince[middle & this.#mask]! <= time) low = middle + 1;
      else high = middle;
    }
    return this.#countBefore(low);
  }

  *[Symbol.iterator](): Iterator<QueueItem> {
    for (const { item } of this.#entries()) yield item;
  }

  #countBefore(sequence: number): number {
    const from = this.#head & this.#mask;
    const to = sequence & this.#mask;
    const wrapped = to < from || (to === from && sequence > this.#head);
    const holes = this.#holes.before(to) - this.#holes.before(from) + (wrapped ? this.#holes.total : 0);
    return sequence - this.#head - holes;
  }

  #put(sequence: number, item: QueueItem, since: number): void {
    const slot = sequence & this.#mask;
    this.#items[slot] = item;
    this.#waitingSince[slot] = since;
    this.#sequenceOf.set(item.taskId, sequence);
  }

  #takeOut(taskId: string, sequence: number): void {
    this.#sequenceOf.delete(taskId);
    this.#items[sequence & this.#mask] = undefined;
    this.#holes.mark(sequence & this.#mask);
    this.#giveBackEnds();
    this.#shrink();
  }

  #giveBackEnds(): void {
    while (this.#head < this.#back && this.#isHole(this.#head)) this.#holes.unmark(this.#head++ & this.#mask);
    while (this.#head < this.#back && this.#isHole(this.#back - 1)) this.#holes.unmark(--this.#back & this.#mask);
  }

  #isHole(sequence: number): boolean {
    return this.#items[sequence & this.#mask] === undefined;
  }

  #makeRoom(): void {
    if (this.#back - this.#head < this.capacity) return;
    this.#rebuild(this.size * 2 > this.capacity ? this.capacity * 2 : this.capacity);
  }

  #shrink(): void {
    if (this.capacity > SMALLEST && this.size * 8 < this.capacity) this.#rebuild(Math.max(SMALLEST, this.capacity / 4));
  }

  #rebuild(capacity: number): void {
    const entries = this.#entries();
    this.#items = new Array<undefined>(capacity);
    this.#waitingSince = new Float64Array(capacity);
    this.#holes = new HoleCounts(capacity);
    this.#mask = capacity - 1;
    this.#head = 0;
    this.#back = 0;
    for (const { item, since } of entries) this.#put(this.#back++, item, since);
  }

  #entries(): { item: QueueItem; since: number }[] {
    const entries = [];
    for (let sequence = this.#head; sequence < this.#back; sequence++) {
      const item = this.#items[sequence & this.#mask];
      if (item) entries.push({ item, since: this.#waitingSince[sequence & this.#mask]! });
    }
    return entries;
  }
}
