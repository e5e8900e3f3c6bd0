import { type Random } from '../../kernel/random.js';
import { RateLimit } from './rate-limit.js';
import { type Rate } from './token-bucket.js';

interface Entry {
  readonly limit: RateLimit;
  usedAt: number;
}

/** Old entries that each use looks at. */
const LOOKED_AT = 2;
/** Whoever asked for a limit may still be about to take from it. */
const IDLE_MS = 1_000;

/** The limits that are in use, by name. One that is idle and full again is forgotten: a new one is just as full. */
export class RateLimits {
  /** Those that were not looked at for the longest time come first. */
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly random: Random) {}

  /** The limit of this name, and from its first use on full; to be used in this turn. */
  of(name: string, rate: Rate, now: number): RateLimit {
    this.forgetIdle(now);
    const known = this.entries.get(name) ?? { limit: new RateLimit(rate, this.random, now), usedAt: now };
    known.usedAt = now;
    this.entries.set(name, known);
    return known.limit;
  }

  /** Limits that are remembered. */
  get size(): number {
    return this.entries.size;
  }

  private forgetIdle(now: number): void {
    let looks = Math.min(LOOKED_AT, this.entries.size);
    for (const [name, entry] of this.entries) {
      if (looks-- === 0) return;
      this.entries.delete(name);
      if (now < entry.usedAt + IDLE_MS || !entry.limit.isFull(now)) this.entries.set(name, entry);
    }
  }
}
