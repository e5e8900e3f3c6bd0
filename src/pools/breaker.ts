export interface BreakerLimits {
  readonly failures: number;
  readonly window_ms: number;
  readonly open_ms: number;
}

/** Stops restart storms: too many failures in the window open it; after `open_ms` one attempt may show that it is over. */
export class Breaker {
  private failedAt: readonly number[] = [];
  private trial = false;

  constructor(private readonly limits: BreakerLimits) {}

  /** Counts a failure; true when it opens the breaker. Times are monotonic ms. */
  fail(now: number): boolean {
    this.failedAt = [...this.failedAt.filter((at) => at > now - this.limits.window_ms), now];
    return this.trial || this.failedAt.length >= this.limits.failures;
  }

  /** From now on one failure opens it again, however long ago the others were. */
  halfOpen(): void {
    this.trial = true;
  }

  reset(): void {
    this.failedAt = [];
    this.trial = false;
  }
}
