import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type TaskKey } from '../../kernel/ids.js';
import { type Moments } from './output-lengths.js';

interface Share {
  readonly priority: PriorityClass;
  readonly service: Moments;
}

/** Waiting tasks of one class, and what one of them takes. */
export interface WaitingTasks {
  readonly count: number;
  readonly priority: PriorityClass;
  readonly service: Moments;
}

interface Total {
  count: number;
  mean: number;
  variance: number;
}

/** How long the waiting tasks of a pool will take, kept as sums per class. */
export class WaitingWork {
  private readonly shares = new Map<TaskKey, Share>();
  private readonly totals: Readonly<Record<PriorityClass, Total>> = {
    interactive: { count: 0, mean: 0, variance: 0 },
    batch: { count: 0, mean: 0, variance: 0 },
  };

  get count(): number {
    return this.shares.size;
  }

  add(key: TaskKey, priority: PriorityClass, service: Moments): void {
    this.shares.set(key, { priority, service });
    const total = this.totals[priority];
    total.count++;
    total.mean += service.mean;
    total.variance += service.variance;
  }

  remove(key: TaskKey): void {
    const share = this.shares.get(key);
    if (share === undefined) return;
    this.shares.delete(key);
    const total = this.totals[share.priority];
    total.count--;
    // An empty class starts from nothing again, so that a drift of the sums does not last.
    total.mean = total.count === 0 ? 0 : total.mean - share.service.mean;
    total.variance = total.count === 0 ? 0 : total.variance - share.service.variance;
  }

  /** The first `ahead` tasks: interactive work goes first, as far as there is any. More than wait are like the last. */
  first(ahead: number): WaitingTasks[] {
    const { interactive, batch } = this.totals;
    const first = batch.count === 0 ? ahead : Math.min(ahead, interactive.count);
    return [tasksOf('interactive', first, interactive), tasksOf('batch', ahead - first, batch)].filter(
      ({ count }) => count > 0,
    );
  }
}

/** Sums of floating-point numbers drift, also below zero. */
function tasksOf(priority: PriorityClass, count: number, total: Total): WaitingTasks {
  const each = (sum: number): number => (total.count === 0 ? 0 : Math.max(0, sum) / total.count);
  return { count, priority, service: { mean: each(total.mean), variance: each(total.variance) } };
}
