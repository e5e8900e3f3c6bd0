/** Between which limits the number of slots is moved. */
export interface ConcurrencyRange {
  readonly min: number;
  readonly max: number;
}

/** What one run showed. Times are ms of one clock. */
export interface PaceSample {
  readonly msPerToken: number;
  /** When the run was given its slot. */
  readonly dispatchedAt: number;
  /** Runs at once when it ended, itself among them. */
  readonly busy: number;
}

/** Runs that are looked at before each decision. */
const FEWEST_SAMPLES = 4;
/** Batching costs each run a little; more than this times the best pace is too much. */
const TOLERANCE = 1.25;
/** Nothing is cut by more than half at once. */
const DEEPEST_CUT = 0.5;
/** How fast the memory of the best pace gives way to what is seen at the lowest limit. */
const RELEARN = 0.2;

/**
 * Finds how many runs an engine carries at once before each of them becomes slow: the limit grows while it is used up
 * and the pace holds, first by doubling and then by one, and is cut in proportion when the pace falls behind the best.
 * The pace is the time between tokens: unlike the time to the first one it does not depend on the prompt.
 */
export class ConcurrencyLimit {
  private limit: number;
  private best = Infinity;
  private doubling = true;
  private decidedAt = -Infinity;
  private samples: number[] = [];
  private usedUp = false;

  /** Begins at the least, where the best pace is seen. */
  constructor(private readonly range: ConcurrencyRange) {
    this.limit = range.min;
  }

  get value(): number {
    return this.limit;
  }

  /** Takes what a run showed; true when the limit has changed. */
  observe({ msPerToken, dispatchedAt, busy }: PaceSample, now: number): boolean {
    // A run that began under another limit tells nothing of this one.
    if (dispatchedAt < this.decidedAt) return false;
    this.samples.push(msPerToken);
    this.usedUp ||= busy >= this.limit;
    if (this.samples.length < Math.max(FEWEST_SAMPLES, this.limit)) return false;
    const before = this.limit;
    this.decide(median(this.samples));
    this.decidedAt = now;
    this.samples = [];
    this.usedUp = false;
    return this.limit !== before;
  }

  private decide(pace: number): void {
    const { min, max } = this.range;
    // At the least nothing can be gained by waiting: this is how fast the engine is now.
    if (this.limit === min && pace > this.best) this.best += RELEARN * (pace - this.best);
    this.best = Math.min(this.best, pace);
    const headroom = (TOLERANCE * this.best) / pace;
    if (headroom < 1) {
      this.doubling = false;
      this.limit = Math.max(min, Math.floor(this.limit * Math.max(DEEPEST_CUT, headroom)));
    } else if (this.usedUp) {
      this.limit = Math.min(max, this.doubling ? this.limit * 2 : this.limit + 1);
    }
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
