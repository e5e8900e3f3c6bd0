import { type QueueDiscipline, type QueueItem } from '../../contracts/queue.js';
import { SeededRandom } from '../seeded-random.js';

/** One call on a queue, with what came back and what ought to have been there. */
export type Step =
  | { readonly type: 'enqueue' | 'requeue'; readonly item: QueueItem }
  | { readonly type: 'settle'; readonly item: QueueItem; readonly cost: number }
  | { readonly type: 'next'; readonly now: number; readonly item: QueueItem | undefined }
  | { readonly type: 'remove'; readonly taskId: string; readonly wasWaiting: boolean; readonly answer: boolean };

/** What becomes of dispatched items on a walk: some come back, or some are settled. */
export type Aftermath = 'requeue' | 'settle';

/** A seeded walk over all calls of a queue, next to a list of what must be waiting. */
export class QueueWalk {
  /** What must be waiting, by id. */
  readonly waiting = new Map<string, QueueItem>();
  now = 0;
  readonly #random: SeededRandom;
  readonly #dispatched: QueueItem[] = [];
  #made = 0;

  constructor(
    readonly queue: QueueDiscipline,
    seed: number,
    private readonly aftermath: Aftermath = 'requeue',
  ) {
    this.#random = new SeededRandom(seed);
  }

  /** Calls `examine` after each step, once `waiting` tells what must be so. */
  walk(steps: number, examine: (step: Step) => void): void {
    for (let left = steps; left > 0; left--) examine(this.#step());
  }

  /** Takes everything out at one instant; gives up when the queue yields more than it can hold. */
  drain(): QueueItem[] {
    const items: QueueItem[] = [];
    const limit = this.waiting.size + 10;
    for (let item = this.queue.next(this.now); item && items.length < limit; item = this.queue.next(this.now)) {
      items.push(item);
    }
    return items;
  }

  #step(): Step {
    // Now and then a leap, so that waits grow long enough for any promise about waiting.
    this.now += this.#random.chance(4) ? this.#random.below(90_000) : this.#random.below(50);
    const choice = this.#random.below(100);
    if (choice < 52) return this.#enqueue();
    if (choice < 76) return this.#next();
    if (choice < 92) return this.#remove();
    return (this.aftermath === 'requeue' ? this.#requeue() : this.#settle()) ?? this.#enqueue();
  }

  #enqueue(): Step {
    const item = this.#makeItem();
    this.waiting.set(item.taskId, item);
    this.queue.enqueue(item);
    return { type: 'enqueue', item };
  }

  #next(): Step {
    const item = this.queue.next(this.now);
    if (item) this.#dispatched.push(item);
    return { type: 'next', now: this.now, item };
  }

  #remove(): Step {
    const taskId = this.#random.chance(75) ? this.#pickWaiting() : `task-${this.#random.below(this.#made + 2)}`;
    const wasWaiting = this.waiting.delete(taskId);
    return { type: 'remove', taskId, wasWaiting, answer: this.queue.remove(taskId) };
  }

  #requeue(): Step | undefined {
    const item = this.#dispatched.pop();
    if (!item || this.waiting.has(item.taskId)) return undefined;
    this.waiting.set(item.taskId, item);
    this.queue.requeue(item);
    return { type: 'requeue', item };
  }

  /** Sometimes nothing, sometimes far more than anybody could have foreseen. */
  #settle(): Step | undefined {
    const item = this.#dispatched.pop();
    if (!item) return undefined;
    const cost = this.#random.pick([0, this.#random.below(4_000), 10_000_000]);
    this.queue.settle?.(item, cost);
    return { type: 'settle', item, cost };
  }

  #pickWaiting(): string {
    return this.waiting.size === 0 ? 'task-none' : this.#random.pick([...this.waiting.keys()]);
  }

  #makeItem(): QueueItem {
    return {
      taskId: `task-${this.#made++}`,
      priority: this.#random.chance(60) ? 'interactive' : 'batch',
      enqueuedAt: this.now,
      tenantId: `tenant-${this.#random.below(3)}`,
      ...(this.#random.chance(50) && { sessionId: `session-${this.#random.below(4)}` }),
      ...(this.#random.chance(30) && { deadlineAt: this.now + this.#random.below(60_000) }),
      ...(this.#random.chance(70) && { cost: 1 + this.#random.below(2_000) }),
    };
  }
}
