import { type RateLimit } from '@llama-orch/policy-sdk/abi';

/** A limit under the key that it is counted by. */
export interface NamedLimit extends RateLimit {
  /** What callers are told. */
  readonly name: string;
}

export interface UsedUp {
  readonly limit: NamedLimit;
  /** Infinity: never, as it costs more than there can be. */
  readonly waitMs: number;
}

const MOST_KEYS = 10_000;
/** What sums of fractions may be off by. */
const ROUNDING_MS = 1e-6;

/**
 * Rates by the generic cell rate algorithm: one number per key, the time at which it would be empty again. Limits that
 * come together are taken together or not at all.
 */
export class Rates {
  /** By key, oldest use first. Milliseconds of a clock that never runs backwards. */
  private readonly emptyAt = new Map<string, number>();

  /** Takes from all of them; when one is used up, takes nothing and answers the one that takes longest to come back. */
  take(limits: readonly NamedLimit[], now: number): UsedUp | undefined {
    const waits = limits.map((limit) => ({ limit, waitMs: this.waitMs(limit, now) }));
    const [longest] = waits.filter(({ waitMs }) => waitMs > 0).toSorted((a, b) => b.waitMs - a.waitMs);
    if (longest === undefined) for (const limit of limits) this.count(limit, now);
    return longest;
  }

  private waitMs(limit: NamedLimit, now: number): number {
    const step = limit.perMs / limit.rate;
    const room = step * Math.max(limit.burst, 1);
    const needed = step * limit.cost;
    if (!(needed <= room)) return Infinity;
    return Math.max(0, Math.ceil(this.levelOf(limit, now) - now + needed - room - ROUNDING_MS));
  }

  private count(limit: NamedLimit, now: number): void {
    const key = keyOf(limit);
    const level = this.levelOf(limit, now) + (limit.perMs / limit.rate) * limit.cost;
    this.emptyAt.delete(key);
    this.emptyAt.set(key, level);
    if (this.emptyAt.size > MOST_KEYS) this.forgetEmpty(now);
  }

  private levelOf(limit: NamedLimit, now: number): number {
    return Math.max(now, this.emptyAt.get(keyOf(limit)) ?? now);
  }

  /** What is empty again is like new; when all keys are in use, the one used longest ago is forgiven. */
  private forgetEmpty(now: number): void {
    for (const [key, level] of this.emptyAt) if (level <= now) this.emptyAt.delete(key);
    const [oldest] = this.emptyAt.keys();
    if (this.emptyAt.size > MOST_KEYS && oldest !== undefined) this.emptyAt.delete(oldest);
  }
}

/** Another rate under the same name is another limit. */
function keyOf({ key, rate, perMs, burst }: RateLimit): string {
  return `${rate}/${perMs}/${burst}/${key}`;
}
