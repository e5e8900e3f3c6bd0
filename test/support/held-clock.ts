import { type INestApplicationContext } from '@nestjs/common';
import { type CancelTimer, Clock, SystemClock } from '../../src/kernel/clock.js';
import { type TestApp } from './start-app.js';

interface Timer {
  readonly at: number;
  readonly run: () => void;
  /** Of the timer of the system, while time goes on. */
  cancel: CancelTimer;
}

const held: HeldClock[] = [];
// A daemon whose time stands still does not end.
afterEach(() => held.splice(0).forEach((clock) => clock.goOn()));

/**
 * The clock of a running daemon, which from here on stands still unless the test moves it, at most until the test ends:
 * however slow the machine is, nothing of the daemon runs out of time between two steps. Timers that were set before run
 * once more as they would have; engines and plugins have timers of their own.
 */
export class HeldClock {
  private readonly system = new SystemClock();
  private readonly timers = new Set<Timer>();
  private readonly epoch: number;
  private time: number;
  private stands = true;

  constructor({ app }: TestApp) {
    const clock = (Reflect.get(app, 'nest') as INestApplicationContext).get(Clock);
    this.time = clock.now();
    this.epoch = clock.epochMs() - this.time;
    const methods: Pick<Clock, keyof Clock> = {
      now: () => this.now(),
      epochMs: () => Math.floor(this.epoch + this.now()),
      schedule: (delayMs, run) => this.schedule(delayMs, run),
    };
    Object.assign(clock, methods);
    held.push(this);
  }

  /** Moves time from timer to timer, and runs each when it is due. Time may go on meanwhile. */
  leap(ms: number): void {
    const went = !this.stands;
    this.hold();
    const end = this.time + ms;
    for (let next = this.nextUntil(end); next !== undefined; next = this.nextUntil(end)) {
      this.timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
    if (went) this.goOn();
  }

  /** Time goes on from where it stands, until it is held again. */
  goOn(): void {
    if (!this.stands) return;
    this.stands = false;
    this.time -= this.system.now();
    for (const timer of this.timers) this.arm(timer);
  }

  hold(): void {
    if (this.stands) return;
    this.time = this.now();
    this.stands = true;
    for (const timer of this.timers) timer.cancel();
  }

  /** While time goes on, `time` is how far it is ahead of the system. */
  private now(): number {
    return this.stands ? this.time : this.time + this.system.now();
  }

  private schedule(delayMs: number, run: () => void): CancelTimer {
    const timer: Timer = { at: this.now() + Math.max(0, delayMs), run, cancel: () => {} };
    this.timers.add(timer);
    if (!this.stands) this.arm(timer);
    return () => {
      this.timers.delete(timer);
      timer.cancel();
    };
  }

  private arm(timer: Timer): void {
    timer.cancel = this.system.schedule(timer.at - this.now(), () => {
      this.timers.delete(timer);
      timer.run();
    });
  }

  private nextUntil(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.timers) if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    return next;
  }
}
