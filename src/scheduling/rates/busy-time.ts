/** Adds up busy slots over time, so that the mean of any span is a difference. Times in ms. */
export class BusyTime {
  private busy = 0;
  private sum = 0;
  private at = 0;

  change(by: 1 | -1, now: number): void {
    this.sum = this.until(now);
    this.at = now;
    this.busy += by;
  }

  /** Slot-milliseconds up to now. */
  until(now: number): number {
    return this.sum + this.busy * (now - this.at);
  }
}
