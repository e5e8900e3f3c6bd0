import { type PriorityClass, type QueueDiscipline, type QueueItem } from '@llama-orch/plugin-sdk';
import { type ClassLane } from './class-lane.js';
import { Lane } from './lane.js';

/**
 * Interactive before batch, the order of its lane inside a class: arrival, unless another kind of lane is given. As long
 * as batch work has waited `batchMaxWaitMs`, the head of its lane is promoted: it goes before waiting interactive work,
 * but never twice in a row.
 */
export class PriorityFifo implements QueueDiscipline {
  readonly #interactive: ClassLane;
  readonly #batch: ClassLane;
  #promotedLast = false;

  /** @param batchMaxWaitMs milliseconds; 0 = never promote */
  constructor(
    private readonly batchMaxWaitMs: number,
    newLane: () => ClassLane = () => new Lane(),
  ) {
    this.#interactive = newLane();
    this.#batch = newLane();
  }

  get size(): number {
    return this.#interactive.size + this.#batch.size;
  }

  sizeOf(priority: PriorityClass): number {
    return this.#lane(priority).size;
  }

  enqueue(item: QueueItem): void {
    this.#lane(item.priority).addLast(item);
  }

  requeue(item: QueueItem): void {
    this.#lane(item.priority).addFirst(item);
  }

  next(now: number): QueueItem | undefined {
    this.#promotedLast = this.#isPromotionDue(now);
    if (this.#promotedLast) return this.#batch.takeFirst();
    return this.#interactive.takeFirst() ?? this.#batch.takeFirst();
  }

  remove(taskId: string): boolean {
    return this.#interactive.remove(taskId) || this.#batch.remove(taskId);
  }

  /** Exact for this instant: what would go first if the queue were emptied at `now`, promotions included. */
  position(taskId: string, now: number): number | undefined {
    const interactiveIndex = this.#interactive.indexOf(taskId);
    if (interactiveIndex !== undefined) return this.#positionOfInteractive(interactiveIndex, now);
    const batchIndex = this.#batch.indexOf(taskId);
    return batchIndex === undefined ? undefined : this.#positionOfBatch(batchIndex, now);
  }

  /** Tried out: an item that comes and goes leaves no trace. */
  ahead(item: QueueItem, now: number): number {
    this.enqueue(item);
    const ahead = this.position(item.taskId, now)!;
    this.remove(item.taskId);
    return ahead;
  }

  peek(priority: PriorityClass, end: 'oldest' | 'newest'): QueueItem | undefined {
    return this.#lane(priority)[end];
  }

  *order(now: number): Iterable<QueueItem> {
    const [interactive, batch] = [[...this.#interactive], [...this.#batch]];
    const promotable = this.#promotable(now);
    let [nextInteractive, nextBatch, promotedLast] = [0, 0, this.#promotedLast];
    while (nextInteractive < interactive.length) {
      promotedLast = !promotedLast && nextBatch < promotable;
      yield promotedLast ? batch[nextBatch++]! : interactive[nextInteractive++]!;
    }
    yield* batch.slice(nextBatch);
  }

  #isPromotionDue(now: number): boolean {
    if (this.#promotedLast || this.#interactive.size === 0 || this.batchMaxWaitMs === 0) return false;
    return this.#batch.oldestWaitsSince <= now - this.batchMaxWaitMs;
  }

  /** One promotion goes before each interactive item while promotable batch items last. */
  #positionOfInteractive(index: number, now: number): number {
    const turnsForPromotion = this.#promotedLast ? index : index + 1;
    return index + Math.min(this.#promotable(now), turnsForPromotion);
  }

  /** A promotable item lets one interactive item pass per promotion before it; any other waits for all of them. */
  #positionOfBatch(index: number, now: number): number {
    if (index >= this.#promotable(now)) return index + this.#interactive.size;
    const interactiveTurns = this.#promotedLast ? index + 1 : index;
    return index + Math.min(this.#interactive.size, interactiveTurns);
  }

  #promotable(now: number): number {
    return this.batchMaxWaitMs === 0 ? 0 : this.#batch.countWaitingSince(now - this.batchMaxWaitMs);
  }

  #lane(priority: PriorityClass): ClassLane {
    return priority === 'interactive' ? this.#interactive : this.#batch;
  }
}
