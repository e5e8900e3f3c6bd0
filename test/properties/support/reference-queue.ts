import { type PriorityClass } from '@llama-orch/plugin-sdk';

interface Waiting {
  readonly key: string;
  /** Since when it counts as waiting: never earlier than the one before it. */
  readonly since: number;
}

/** The rules of `priority-fifo` in their plainest form: two lists and a flag. */
export class ReferenceQueue {
  private lanes: Record<PriorityClass, readonly Waiting[]> = { interactive: [], batch: [] };
  private promotedLast = false;

  constructor(private readonly batchMaxWaitMs: number) {}

  get size(): number {
    return this.sizeOf('interactive') + this.sizeOf('batch');
  }

  get keys(): string[] {
    return [...this.lanes.interactive, ...this.lanes.batch].map(({ key }) => key);
  }

  sizeOf(priority: PriorityClass): number {
    return this.lanes[priority].length;
  }

  oldest(priority: PriorityClass): string | undefined {
    return this.lanes[priority][0]?.key;
  }

  newest(priority: PriorityClass): string | undefined {
    return this.lanes[priority].at(-1)?.key;
  }

  addLast(key: string, priority: PriorityClass, since: number): void {
    this.lanes[priority] = [...this.lanes[priority], { key, since }];
  }

  addFirst(key: string, priority: PriorityClass, enqueuedAt: number): void {
    const since = Math.min(enqueuedAt, this.lanes[priority][0]?.since ?? Infinity);
    this.lanes[priority] = [{ key, since }, ...this.lanes[priority]];
  }

  remove(key: string): void {
    const without = (lane: readonly Waiting[]) => lane.filter((waiting) => waiting.key !== key);
    this.lanes = { interactive: without(this.lanes.interactive), batch: without(this.lanes.batch) };
  }

  next(now: number): string | undefined {
    const { interactive, batch } = this.lanes;
    const due =
      interactive.length > 0 && this.batchMaxWaitMs > 0 && (batch[0]?.since ?? Infinity) <= now - this.batchMaxWaitMs;
    this.promotedLast = due && !this.promotedLast;
    const key = (this.promotedLast ? batch[0] : (interactive[0] ?? batch[0]))?.key;
    if (key !== undefined) this.remove(key);
    return key;
  }

  /** How many go before this one when the queue is emptied now. */
  position(key: string, now: number): number {
    const copy = new ReferenceQueue(this.batchMaxWaitMs);
    copy.lanes = this.lanes;
    copy.promotedLast = this.promotedLast;
    let before = 0;
    while (copy.next(now) !== key) before++;
    return before;
  }
}
