import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type TaskKey } from '../../kernel/ids.js';
import { type Moments } from './output-lengths.js';

interface Share {
  readonly priority: PriorityClass;
  readonly service: Moments;
}

interface Total {
  count: number;
  mean: number;
  variance: number;
}

const NOTHING: Moments = { mean: 0, variance: 0 };

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

  /** What one of the first `ahead` tasks takes on average: interactive work goes first, as far as there is any. */
  meanOfFirst(ahead: number): Moments {
    const { interactive, batch } = this.totals;
    if (this.count === 0) return NOTHING;
    const first = Math.min(ahead, interactive.count);
    const rest = Math.min(ahead - first, batch.count);
    if (first + rest === 0) return mixed(interactive, interactive.count, batch, batch.count);
    return mixed(interactive, first, batch, rest);
  }
}

function mixed(one: Total, ofOne: number, other: Total, ofOther: number): Moments {
  const count = ofOne + ofOther;
  const share = (total: Total, of: number) => (of === 0 ? 0 : of / total.count);
  // Sums of floating-point numbers drift, also below zero.
  const sum = (read: (total: Total) => number) =>
    Math.max(0, share(one, ofOne) * read(one) + share(other, ofOther) * read(other));
  return { mean: sum(({ mean }) => mean) / count, variance: sum(({ variance }) => variance) / count };
}
