const WINDOW_MS = 30_000;

/** Work that arrives per millisecond, seen over the last half to whole minute. */
export class ArrivingWork {
  private since = 0;
  private sum = 0;
  private before = 0;

  add(workMs: number, now: number): void {
    this.turn(now);
    this.sum += workMs;
  }

  /** Milliseconds of work per millisecond. */
  rate(now: number): number {
    this.turn(now);
    const elapsed = now - this.since;
    // The older window counts for the part of it that still lies within one window from now.
    return (this.sum + this.before * (1 - elapsed / WINDOW_MS)) / WINDOW_MS;
  }

  private turn(now: number): void {
    const elapsed = now - this.since;
    if (elapsed < WINDOW_MS) return;
    this.before = elapsed < 2 * WINDOW_MS ? this.sum : 0;
    this.sum = 0;
    this.since = elapsed < 2 * WINDOW_MS ? this.since + WINDOW_MS : now;
  }
}
