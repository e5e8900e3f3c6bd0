import { type CancelTimer, Clock } from '../../src/kernel/clock.js';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

const EPOCH_AT_START = 1_700_000_000_000;

/** Lets everything happen that is due now: promises, and what they lead to. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Time that stands still until a test moves it. */
export class FakeClock extends Clock {
  private readonly timers = new Map<number, Timer>();
  private time = 0;
  private lastTimer = 0;
  private wallJump = 0;

  override now(): number {
    return this.time;
  }

  override epochMs(): number {
    return EPOCH_AT_START + this.time + this.wallJump;
  }

  override schedule(delayMs: number, run: () => void): CancelTimer {
    const id = ++this.lastTimer;
    this.timers.set(id, { at: this.time + Math.max(0, delayMs), run });
    return () => void this.timers.delete(id);
  }

  /** Timers that wait for their time. */
  get pending(): number {
    return this.timers.size;
  }

  /** Moves the wall clock alone. */
  jumpWall(ms: number): void {
    this.wallJump += ms;
  }

  /** Moves time and runs the timers on the way, in their order, without letting promises happen in between. */
  leap(ms: number): void {
    const end = this.time + ms;
    for (let id = this.nextUntil(end); id !== undefined; id = this.nextUntil(end)) this.fire(id);
    this.time = end;
  }

  /** Moves time from timer to timer and lets everything happen that each of them leads to. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (let id = this.nextUntil(end); id !== undefined; id = this.nextUntil(end)) {
      this.fire(id);
      await settle();
    }
    this.time = end;
    await settle();
  }

  private nextUntil(end: number): number | undefined {
    let next: number | undefined;
    for (const [id, { at }] of this.timers) {
      if (at <= end && (next === undefined || at < this.timers.get(next)!.at)) next = id;
    }
    return next;
  }

  private fire(id: number): void {
    const { at, run } = this.timers.get(id)!;
    this.timers.delete(id);
    this.time = Math.max(this.time, at);
    run();
  }
}
