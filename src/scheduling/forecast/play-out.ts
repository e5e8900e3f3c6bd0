import { MinHeap } from './min-heap.js';

/** Beyond this many parts of tasks the play-out goes on at the mean rate. */
const LONGEST_PLAYOUT = 2048;
/** Fractional part of the golden ratio: its multiples spread evenly over 0 to 1, in an order that mixes. */
const GOLDEN = 0.618_033_988_749_894_9;

/** A pool's slots as the play-out sees them. */
export interface Slots {
  /** Parts that stand for one slot: a task whose length is not known ends at another time in each of them. */
  readonly parts: number;
  /** For each part of each slot the time until it is free, ascending; the first `(ahead + 1) * parts` matter. */
  readonly freeIn: readonly number[];
  /** Slots in all. */
  readonly count: number;
}

/** How long a task takes: the mean, and for a fraction `q` of all tasks no longer than `quantile(q)`. */
export interface Service {
  readonly mean: number;
  quantile(q: number): number;
}

/**
 * When a slot comes free for a task with `ahead` others before it: one after another they go onto what is free first.
 * Slots and tasks are played in parts, so that the spread of their lengths counts, not only the mean: of many tasks
 * that run, some end long before their time.
 */
export function playOut(ahead: number, { parts, freeIn, count }: Slots, service: Service): number {
  if (count === 0) return ahead * service.mean;
  const whole = ahead * parts;
  const turns = Math.min(whole, LONGEST_PLAYOUT);
  const again = new MinHeap();
  let fresh = 0;
  const takeFirst = (): number => {
    const first = freeIn[fresh];
    if (first === undefined || (again.size > 0 && again.least < first)) return again.pop();
    fresh++;
    return first;
  };
  for (let turn = 0; turn < turns; turn++) again.push(takeFirst() + service.quantile(mixedQuantile(turn)));
  const half = Math.floor(parts / 2);
  let start = takeFirst();
  for (let part = 0; part < half; part++) {
    if (fresh >= freeIn.length && again.size === 0) break;
    start = takeFirst();
  }
  return start + ((whole - turns) / parts) * (service.mean / count);
}

/** The `n`-th of a sequence that fills 0 to 1 evenly, however long it gets. */
export function mixedQuantile(n: number): number {
  const x = (n + 0.5) * GOLDEN;
  return x - Math.floor(x);
}
