import { type RateLimit } from '@llama-orch/policy-sdk/abi';
import { KeyRoom } from './key-room.js';

/** A limit under the key that it is counted by. */
export interface NamedLimit extends RateLimit {
  /** What callers are told. */
  readonly name: string;
  /** Keys of one group never meet those of another: a tenant and who limits it. */
  readonly group: string;
  /** Who is counted: keys may be what a caller wrote, so nobody gets more than a share of them. */
  readonly caller: string;
}

export interface UsedUp {
  readonly limit: NamedLimit;
  /** Infinity: never, as it costs more than there can be. */
  readonly waitMs: number;
}

/** What sums of fractions may be off by. */
const ROUNDING_MS = 1e-6;

/**
 * Rates by the generic cell rate algorithm: one number per key, the time at which it would be empty again. Limits that
 * come together are taken together or not at all.
 */
export class Rates {
  private readonly groups = new Map<string, KeyRoom>();

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
    const level = Math.max(now, this.groupOf(limit).level(keyOf(limit), limit.caller, now));
    return Math.max(0, Math.ceil(level - now + needed - room - ROUNDING_MS));
  }

  private count(limit: NamedLimit, now: number): void {
    const by = (limit.perMs / limit.rate) * limit.cost;
    this.groupOf(limit).raise(keyOf(limit), limit.caller, now, by);
  }

  /** As many as there are tenants and policies: the configuration bounds them. */
  private groupOf({ group }: NamedLimit): KeyRoom {
    const known = this.groups.get(group);
    if (known !== undefined) return known;
    const room = new KeyRoom();
    this.groups.set(group, room);
    return room;
  }
}

/** Another rate under the same name is another limit. */
function keyOf({ key, rate, perMs, burst }: RateLimit): string {
  return `${rate}/${perMs}/${burst}/${key}`;
}
