export interface ShedRules {
  /** The p95 has to be above this to open it. */
  readonly openAboveMs: number;
  /** The p95 has to be below this to close it. */
  readonly closeBelowMs: number;
  /** How long it has to be above. */
  readonly openAfterMs: number;
  /** How long it has to be below. */
  readonly closeAfterMs: number;
}

/** Opens on a breach that lasts, closes on a recovery that lasts. Between the two marks it stays as it is. */
export class ShedBreaker {
  private opened = false;
  /** Since when the p95 has been beyond the mark that would change the state. */
  private since: number | undefined;

  constructor(private readonly rules: ShedRules) {}

  get isOpen(): boolean {
    return this.opened;
  }

  /** Takes the p95 of now, in ms; undefined when nothing was measured, which is no breach. */
  observe(p95: number | undefined, now: number): void {
    const { openAboveMs, closeBelowMs, openAfterMs, closeAfterMs } = this.rules;
    const value = p95 ?? 0;
    const turning = this.opened ? value < closeBelowMs : value > openAboveMs;
    if (!turning) {
      this.since = undefined;
      return;
    }
    this.since ??= now;
    if (now - this.since < (this.opened ? closeAfterMs : openAfterMs)) return;
    this.opened = !this.opened;
    this.since = undefined;
  }

  /** Milliseconds after which an open breaker can be closed at the earliest. */
  closesInMs(now: number): number {
    return Math.max(0, (this.since ?? now) + this.rules.closeAfterMs - now);
  }
}
