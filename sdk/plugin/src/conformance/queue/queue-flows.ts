import { type QueueItem } from '../../contracts/queue.js';
import { type FlowOrder } from './queue-kit.js';
import { type Step } from './queue-walk.js';

/** The order that each flow must keep. */
export class Flows {
  readonly #items = new Map<string, QueueItem[]>();

  constructor(
    private readonly flowOf: (item: QueueItem) => string,
    private readonly order: FlowOrder,
  ) {}

  /** The id that has to go first in the flow of this item. */
  first(item: QueueItem): string | undefined {
    const [first, ...others] = this.#of(item);
    if (first === undefined || this.order === 'arrival') return first?.taskId;
    return others.reduce((due, other) => (isDueBefore(other, due) ? other : due), first).taskId;
  }

  take({ taskId }: QueueItem): void {
    this.#forget(taskId);
  }

  apply(step: Step): void {
    if (step.type === 'enqueue') this.#of(step.item).push(step.item);
    if (step.type === 'requeue') this.#of(step.item).unshift(step.item);
    if (step.type === 'next' && step.item) this.take(step.item);
    if (step.type === 'remove') this.#forget(step.taskId);
  }

  #forget(taskId: string): void {
    for (const [flow, items] of this.#items) {
      this.#items.set(
        flow,
        items.filter((item) => item.taskId !== taskId),
      );
    }
  }

  #of(item: QueueItem): QueueItem[] {
    const flow = this.flowOf(item);
    const items = this.#items.get(flow) ?? [];
    this.#items.set(flow, items);
    return items;
  }
}

export function isDueBefore(one: QueueItem, other: QueueItem): boolean {
  return (one.deadlineAt ?? Infinity) < (other.deadlineAt ?? Infinity);
}
