/** Mean load of one stretch of time. */
export interface Moment {
  readonly atMs: number;
  readonly waiting: number;
  readonly busySlots: number;
}

const MOST = 240;

/** Load over time in at most 240 stretches, however long the run: when they are used up, each two become one. */
export class Timeline {
  private widthMs = 250;
  private waiting = new Float64Array(MOST);
  private busy = new Float64Array(MOST);
  private knownAt = 0;
  private nowWaiting = 0;
  private nowBusy = 0;

  /** The load changed at `now`, in virtual ms. */
  change(now: number, waiting: number, busy: number): void {
    this.advance(now);
    this.nowWaiting += waiting;
    this.nowBusy += busy;
  }

  /** Load after the last change. */
  get last(): { readonly waiting: number; readonly busySlots: number } {
    return { waiting: this.nowWaiting, busySlots: this.nowBusy };
  }

  moments(end: number): Moment[] {
    this.advance(end);
    const count = Math.min(MOST, Math.ceil(end / this.widthMs));
    return Array.from({ length: count }, (_, index) => {
      const atMs = index * this.widthMs;
      const widthMs = Math.min(this.widthMs, end - atMs) || 1;
      return { atMs, waiting: this.waiting[index]! / widthMs, busySlots: this.busy[index]! / widthMs };
    });
  }

  private advance(now: number): void {
    while (now > this.widthMs * MOST) this.halve();
    while (this.knownAt < now) {
      const index = Math.min(MOST - 1, Math.floor(this.knownAt / this.widthMs));
      const until = Math.min(now, (index + 1) * this.widthMs);
      this.waiting[index]! += this.nowWaiting * (until - this.knownAt);
      this.busy[index]! += this.nowBusy * (until - this.knownAt);
      this.knownAt = until;
    }
  }

  private halve(): void {
    const merged = (values: Float64Array) =>
      new Float64Array(MOST).map((_, index) => (values[2 * index] ?? 0) + (values[2 * index + 1] ?? 0));
    this.waiting = merged(this.waiting);
    this.busy = merged(this.busy);
    this.widthMs *= 2;
  }
}
