import { type Moments } from './output-lengths.js';

const WINDOW_MS = 60_000;
/** Before so much time has passed, a few arrivals say little of how often they come. */
const SHORTEST_MS = 10_000;

/** How often tasks come, and how long they take. */
export interface Arrivals {
  readonly everyMs: number;
  readonly service: Moments;
}

interface Sums extends Moments {
  readonly count: number;
}

const NOTHING: Sums = { count: 0, mean: 0, variance: 0 };

/** Tasks that arrive, seen over the last one to two minutes. */
export class ArrivingWork {
  private firstAt = Number.POSITIVE_INFINITY;
  private since = 0;
  private recent = NOTHING;
  private before = NOTHING;

  add({ mean, variance }: Moments, now: number): void {
    this.firstAt = Math.min(this.firstAt, now);
    this.turn(now);
    this.recent = plus(this.recent, { count: 1, mean, variance });
  }

  /** Undefined when none came. */
  seen(now: number): Arrivals | undefined {
    this.turn(now);
    const { count, mean, variance } = plus(this.recent, this.before);
    if (count === 0) return undefined;
    const seenMs = Math.min(now - this.firstAt, now - this.since + WINDOW_MS);
    const service = { mean: mean / count, variance: variance / count };
    return { everyMs: Math.max(SHORTEST_MS, seenMs) / count, service };
  }

  private turn(now: number): void {
    const elapsed = now - this.since;
    if (elapsed < WINDOW_MS) return;
    this.before = elapsed < 2 * WINDOW_MS ? this.recent : NOTHING;
    this.recent = NOTHING;
    this.since = elapsed < 2 * WINDOW_MS ? this.since + WINDOW_MS : now;
  }
}

function plus(one: Sums, other: Sums): Sums {
  return {
    count: one.count + other.count,
    mean: one.mean + other.mean,
    variance: one.variance + other.variance,
  };
}
