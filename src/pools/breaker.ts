export interface BreakerLimits {
  readonly failures: number;
  readonly window_ms: number;
  readonly open_ms: number;
}

/** `half-open`: one start is under way that decides. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Stops restart storms: too many failures in the window open it; after `open_ms` one attempt may show that it is over. */
export class Breaker {
  private failedAt: readonly number[] = [];
  private current: BreakerState = 'closed';

  constructor(private readonly limits: BreakerLimits) {}

  get state(): BreakerState {
    return this.current;
  }

  /** Counts a failure; true when it opens the breaker. Times are monotonic ms. */
  fail(now: number): boolean {
    this.failedAt = [...this.failedAt.filter((at) => at > now - this.limits.window_ms), now];
    if (this.current === 'half-open' || this.failedAt.length >= this.limits.failures) this.current = 'open';
    return this.current === 'open';
  }

  /** Opens it at once: another attempt would end the same way. */
  trip(): void {
    this.current = 'open';
  }

  /** From now on one failure opens it again, however long ago the others were. */
  halfOpen(): void {
    this.current = 'half-open';
  }

  /** An attempt succeeded. Failures still count for as long as they lie in the window. */
  close(): void {
    this.current = 'closed';
  }

  /** Earlier failures no longer count. */
  forget(): void {
    this.failedAt = [];
  }
}
