export interface BreakerLimits {
  readonly failures: number;
  readonly window_ms: number;
  readonly open_ms: number;
}

/** Stops restart storms: too many failures in the window open it; after `open_ms` one attempt may show that it is over. */
export class Breaker {
  private failedAt: number[] = [];

  constructor(private readonly limits: BreakerLimits) {}

  /** Counts a failure; true when it opens the breaker. Times are monotonic ms. */
  fail(now: number): boolean {
    this.failedAt = [...this.failedAt.filter((at) => at > now - this.limits.window_ms), now];
    return this.failedAt.length >= this.limits.failures;
  }

  /** The half-open attempt is one failure away from opening again. */
  halfOpen(): void {
    this.failedAt = this.failedAt.slice(-(this.limits.failures - 1));
  }

  reset(): void {
    this.failedAt = [];
  }
}
