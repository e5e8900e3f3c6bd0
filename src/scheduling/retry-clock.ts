import { type Random } from '../kernel/random.js';

const SHORTEST_MS = 1;
const LONGEST_MS = 60_000;
const JITTER = 0.1;

/**
 * Gives refused callers times at which a place is free for each of them: two callers are never promised the same place,
 * so that one who waits as told is admitted at the first try.
 */
export class RetryClock {
  private promisedUntil = -Infinity;

  constructor(private readonly random: Random) {}

  /**
   * @param now monotonic ms
   * @param firstFreeMs time until the next place is free, from now
   * @param intervalMs time between two places
   */
  nextRetryMs(now: number, firstFreeMs: number, intervalMs: number): number {
    const earliest = now + firstFreeMs;
    const place = Math.max(earliest, this.promisedUntil + intervalMs);
    // Promises beyond the longest wait are not kept in line: everybody is told the longest wait.
    this.promisedUntil = Math.min(place, now + LONGEST_MS);
    return clampRetryMs((place - now) * (1 + JITTER * this.random.next()));
  }

  /** A place was found at once: whoever holds a promise can come now, so none of them stands in line any more. */
  forgetPromises(): void {
    this.promisedUntil = -Infinity;
  }
}

/** A wait as the wire allows it: whole milliseconds, 1 to 60 000. */
export function clampRetryMs(ms: number): number {
  return Math.round(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, ms)));
}
