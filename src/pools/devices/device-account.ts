import { type MemoryRoom, type MemorySeen, roomIn } from './memory-room.js';

/** A look at one device. */
export interface Observation extends MemorySeen {
  /** Monotonic ms at which the look began: what happened later is not in it. */
  readonly at: number;
}

/** What one claim has of one device. */
export interface Share {
  bytes: number;
  /** Monotonic ms at which the engine had loaded; undefined while it loads. */
  loadedAt: number | undefined;
  /** Lies within what was observed. */
  settled: boolean;
  readonly before: Observation | undefined;
  /** State of {@link DeviceAccount.changes} when the claim was made; -1: nothing can be measured. */
  readonly changes: number;
}

interface Leaving {
  readonly bytes: number;
  readonly until: number;
}

/** The driver counts the memory of an ended process for a while. */
export const LEAVING_MS = 5_000;
/** What running out of memory costs the estimate of a capacity each time. */
const LESSON = 0.9;
const MOST_LESSONS = 6;
/** A lesson is forgotten after this, as the model that it was learned from may fit nowhere else. */
const LESSON_MS = 600_000;
/** A sum that rose by more than this share of what was expected rose because of others. */
const MOST_OVER = 1.5;

/** Claims on one device and what was seen of it. */
export class DeviceAccount {
  private readonly shares = new Set<Share>();
  private leaving: readonly Leaving[] = [];
  private seen: Observation | undefined;
  /** Counts claims and releases: what was measured between two states of it is the doing of one claim. */
  private changes = 0;
  /** When memory ran out, as monotonic ms. */
  private lessons: readonly number[] = [];

  constructor(
    public totalBytes: number,
    private readonly measures: boolean,
  ) {}

  get inUse(): boolean {
    return this.shares.size > 0;
  }

  room(now: number): MemoryRoom {
    const shares = [...this.shares];
    const sum = (settled: boolean) =>
      shares.reduce((bytes, share) => bytes + (share.settled === settled ? share.bytes : 0), 0);
    return roomIn({
      capacityBytes: Math.floor(this.totalBytes * LESSON ** this.lessons.filter((at) => at > now - LESSON_MS).length),
      ...{ loadingBytes: sum(false), settledBytes: sum(true) },
      leavingBytes: this.leavingAt(now).reduce((bytes, one) => bytes + one.bytes, 0),
      risenBytes: this.risen(shares.filter(({ settled }) => !settled)),
      ...(this.seen === undefined ? {} : { seen: this.seen }),
    });
  }

  private risen(loading: readonly Share[]): number {
    const before = Math.min(...loading.map((share) => share.before?.usedBytes ?? 0));
    return Math.max(0, (this.seen?.usedBytes ?? 0) - before);
  }

  claim(bytes: number, now: number): Share {
    const isQuiet = this.leavingAt(now).length === 0 && ![...this.shares].some(({ settled }) => !settled);
    this.changes++;
    const changes = isQuiet ? this.changes : -1;
    const share = { bytes, loadedAt: undefined, settled: false, before: this.seen, changes };
    this.shares.add(share);
    return share;
  }

  release(share: Share, now: number): void {
    if (!this.shares.delete(share)) return;
    this.changes++;
    this.leaving = [...this.leavingAt(now), { bytes: share.bytes, until: now + LEAVING_MS }];
  }

  /** Shares that had loaded when the look began lie within it from now on. */
  observe(seen: Observation): void {
    this.seen = seen;
    for (const share of this.shares) {
      if (share.settled || share.loadedAt === undefined || share.loadedAt > seen.at) continue;
      share.settled = true;
      if (this.measures) share.bytes = this.measured(share, seen);
    }
  }

  /** Nobody has looked for too long. */
  forget(): void {
    this.seen = undefined;
  }

  /** An engine ran out of this device's memory although it should have fitted. */
  exhausted(now: number): void {
    this.lessons = [...this.lessons, now].slice(-MOST_LESSONS);
  }

  /** An engine found the memory that it was promised. */
  carried(): void {
    this.lessons = this.lessons.slice(1);
  }

  private leavingAt(now: number): readonly Leaving[] {
    return this.leaving.filter(({ until }) => until > now);
  }

  /** What the claim really takes. A sum holds others too, so it is believed upwards alone, and not without bound. */
  private measured({ bytes, before, changes }: Share, seen: Observation): number {
    if (before === undefined || changes !== this.changes) return bytes;
    if (before.ownBytes !== undefined && seen.ownBytes !== undefined && seen.ownBytes > before.ownBytes)
      return seen.ownBytes - before.ownBytes;
    const rise = Math.max(0, seen.usedBytes - before.usedBytes);
    return bytes === 0 ? rise : Math.min(Math.max(bytes, rise), Math.ceil(bytes * MOST_OVER));
  }
}
