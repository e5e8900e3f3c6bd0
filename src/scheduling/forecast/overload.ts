/** Share of a queue's capacity from which on it counts as nearly full. */
const NEARLY_FULL = 0.9;
const FOR_MS = 10_000;

/** Tells a queue that stays nearly full from one that is full for a moment. */
export class Overload {
  private since: number | undefined;

  /** Called whenever the queue may have changed; `now` in ms of the monotonic clock. */
  observe(size: number, capacity: number, now: number): void {
    if (size < NEARLY_FULL * capacity) this.since = undefined;
    else this.since ??= now;
  }

  lasts(now: number): boolean {
    return this.since !== undefined && now - this.since >= FOR_MS;
  }
}
