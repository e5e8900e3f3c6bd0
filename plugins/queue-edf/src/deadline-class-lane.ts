import { type QueueItem } from '@llama-orch/plugin-sdk';
import { type ClassLane } from '@llama-orch/queue-priority-fifo';
import { LinkedLane } from '@llama-orch/queue-wfq';
import { DeadlineLane } from './deadline-lane.js';

/** A lane by deadline that knows, as the lane of a whole class has to, who came first and who waits longest. */
export class DeadlineClassLane extends DeadlineLane implements ClassLane {
  readonly #arrivals = new LinkedLane();

  get oldest(): QueueItem | undefined {
    return this.#arrivals.oldest;
  }

  get newest(): QueueItem | undefined {
    return this.#arrivals.newest;
  }

  get oldestWaitsSince(): number {
    return this.tree.since;
  }

  override addLast(item: QueueItem): void {
    this.#arrivals.addLast(item);
    super.addLast(item);
  }

  override addFirst(item: QueueItem): void {
    this.#arrivals.insertByArrival(item);
    super.addFirst(item);
  }

  override takeFirst(): QueueItem | undefined {
    const first = super.takeFirst();
    if (first !== undefined) this.#arrivals.remove(first.taskId);
    return first;
  }

  override remove(taskId: string): boolean {
    return this.#arrivals.remove(taskId) && super.remove(taskId);
  }

  countWaitingSince(time: number): number {
    return this.tree.countThrough(time);
  }
}
