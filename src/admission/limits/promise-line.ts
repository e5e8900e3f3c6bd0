import { type Random } from '../../kernel/random.js';
import { clampRetryMs } from '../../scheduling/promises/retry-wait.js';

const JITTER = 0.1;

/** Tells refused callers when to come again, one after the other, so that each who waits as told finds something. */
export class PromiseLine {
  private until = -Infinity;

  constructor(private readonly random: Random) {}

  /**
   * @param now monotonic ms
   * @param freeMs time until there is something for one caller, from now
   * @param intervalMs time until there is something for the next
   * @returns a wait of 1 to 60 000 ms
   */
  nextMs(now: number, freeMs: number, intervalMs: number): number {
    // Buckets count whole milliseconds; so do promises, lest the next caller be a part of one too early.
    const at = Math.floor(now);
    const placeMs = Math.max(freeMs, this.until + Math.ceil(intervalMs) - at);
    // More jitter than a part of the interval would let one caller come in the time of another.
    const jitterMs = JITTER * Math.min(placeMs, intervalMs) * this.random.next();
    const retryMs = clampRetryMs(Math.ceil(placeMs + jitterMs));
    this.until = at + retryMs;
    return retryMs;
  }

  /** There is enough for everybody: nobody stands in line any more. */
  clear(): void {
    this.until = -Infinity;
  }
}
