import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { type Random } from '../kernel/random.js';

/** A stream that wants a comment when it has been silent for too long. */
export interface Silent {
  keepAlive(): void;
  /** True when something was sent since the last call. Asked on each tick, so that a token costs nothing here. */
  takeActivity(): boolean;
}

interface Entry {
  readonly stream: Silent;
  dueAt: number;
}

/** Ticks per interval. A comment is up to two of them late: one until silence is noticed, one until it is ended. */
const TICKS = 100;
const LATE = 2 / TICKS;
/** Silence lasts the interval give or take this part of it. */
const SPREAD = 0.1;

/** Keeps silent streams open with comments: one shared tick, due times spread so that thousands of writes never meet. */
export class KeepAlive {
  private readonly entries = new Map<Silent, Entry>();
  private cancelTick: CancelTimer | undefined;

  constructor(
    private readonly intervalMs: number,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** Starts to look after a stream; its first comment comes after `firstMs` of silence. */
  add(stream: Silent, firstMs = this.intervalMs): void {
    this.entries.set(stream, { stream, dueAt: this.clock.now() + firstMs });
    this.keepTicking();
  }

  remove(stream: Silent): void {
    this.entries.delete(stream);
  }

  private nextDue(): number {
    const shortest = 1 - SPREAD;
    return this.clock.now() + this.intervalMs * (shortest + (2 * SPREAD - LATE) * this.random.next());
  }

  private keepTicking(): void {
    if (this.cancelTick !== undefined || this.entries.size === 0) return;
    this.cancelTick = this.clock.schedule(Math.max(10, this.intervalMs / TICKS), () => {
      this.cancelTick = undefined;
      const now = this.clock.now();
      for (const entry of this.entries.values()) this.look(entry, now);
      this.keepTicking();
    });
  }

  private look(entry: Entry, now: number): void {
    if (entry.stream.takeActivity()) entry.dueAt = this.nextDue();
    if (entry.dueAt > now) return;
    entry.dueAt = this.nextDue();
    entry.stream.keepAlive();
  }
}
