/** Samples that are kept at most; at a high rate they reach back less far than the window. */
const CAPACITY = 512;

/** The latencies of the last while, in a ring of fixed size. Times are ms of one clock. */
export class LatencyWindow {
  private readonly at = new Float64Array(CAPACITY);
  private readonly ms = new Float64Array(CAPACITY);
  /** Samples ever taken; the newest stands before `count % CAPACITY`. */
  private count = 0;

  constructor(private readonly windowMs: number) {}

  add(ms: number, now: number): void {
    const index = this.count++ % CAPACITY;
    this.at[index] = now;
    this.ms[index] = ms;
  }

  /** The smallest latency that 95 % of those in the window do not exceed; undefined without any. */
  p95(now: number): number | undefined {
    const values = this.recent(now).sort((a, b) => a - b);
    return values[Math.ceil(0.95 * values.length) - 1];
  }

  /** Share of those in the window that are at most `ms`; undefined without any. */
  shareWithin(ms: number, now: number): number | undefined {
    const values = this.recent(now);
    return values.length === 0 ? undefined : values.filter((value) => value <= ms).length / values.length;
  }

  private recent(now: number): number[] {
    const values: number[] = [];
    const oldest = Math.max(0, this.count - CAPACITY);
    for (let index = this.count - 1; index >= oldest; index--) {
      const slot = index % CAPACITY;
      if (this.at[slot]! <= now - this.windowMs) break;
      values.push(this.ms[slot]!);
    }
    return values;
  }
}
