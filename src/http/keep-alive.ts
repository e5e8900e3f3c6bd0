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

const SPREAD = 0.1;
const TICKS = 20;

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
    return this.clock.now() + this.intervalMs * (1 + SPREAD * (2 * this.random.next() - 1));
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
