import { type Clock } from '../../../kernel/clock.js';
import { type PolicyErrorCode } from '../../policy-error.js';
import { type InstalledPolicy } from '../policy-set.js';

const MOST_STRIKES = 3;
const WITHIN_MS = 60_000;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 600_000;
/** Errors of policies that take more than they may; others say nothing of the next call. */
const RESOURCE_ERRORS: readonly PolicyErrorCode[] = ['POLICY_FUEL', 'POLICY_MEMORY', 'POLICY_STACK', 'POLICY_DEADLINE'];

/** A policy that is not asked for a while. */
export interface Quarantine {
  /** How often in a row it was put there. */
  readonly times: number;
  /** From then on one call tries it. Monotonic ms. */
  readonly triedAt: number;
}

/** How a call may have a policy: `tried` is the one call of its quarantine. */
export type Standing = 'asked' | 'tried' | 'left-out';

/** What a call shows of a policy; `unknown` when it was not run, or not by its own fault did not end. */
export type Verdict = 'kept' | 'overran' | 'unknown';

interface StrikeRecord {
  strikes: readonly number[];
  quarantine: Quarantine | undefined;
  isTried: boolean;
}

/**
 * Which policies took too much too often: a breaker for each. After three strikes it is open for a minute; then one call
 * tries the policy, and either closes the breaker or opens it for twice as long.
 */
export class Strikes {
  private readonly records = new WeakMap<InstalledPolicy, StrikeRecord>();

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  quarantineOf(policy: InstalledPolicy): Quarantine | undefined {
    return this.records.get(policy)?.quarantine;
  }

  /** Whoever is told `tried` holds the one try until {@link settle}. */
  standingOf(policy: InstalledPolicy): Standing {
    const record = this.records.get(policy);
    if (record?.quarantine === undefined) return 'asked';
    if (record.isTried || this.clock.now() < record.quarantine.triedAt) return 'left-out';
    record.isTried = true;
    return 'tried';
  }

  settle(policy: InstalledPolicy, standing: Standing, verdict: Verdict): void {
    if (standing === 'tried') this.endTry(policy, verdict);
    if (standing === 'asked' && verdict === 'overran') this.strike(policy);
  }

  private endTry(policy: InstalledPolicy, verdict: Verdict): void {
    const record = this.recordOf(policy);
    record.isTried = false;
    if (verdict === 'kept') this.records.delete(policy);
    if (verdict === 'overran') this.open(record);
  }

  /** Calls that began before the breaker opened change nothing any more. */
  private strike(policy: InstalledPolicy): void {
    const record = this.recordOf(policy);
    if (record.quarantine !== undefined) return;
    const now = this.clock.now();
    record.strikes = [...record.strikes, now].filter((time) => time > now - WITHIN_MS);
    if (record.strikes.length >= MOST_STRIKES) this.open(record);
  }

  private open(record: StrikeRecord): void {
    const times = (record.quarantine?.times ?? 0) + 1;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (times - 1));
    record.quarantine = { times, triedAt: this.clock.now() + pauseMs };
  }

  private recordOf(policy: InstalledPolicy): StrikeRecord {
    const known = this.records.get(policy);
    if (known !== undefined) return known;
    const record: StrikeRecord = { strikes: [], quarantine: undefined, isTried: false };
    this.records.set(policy, record);
    return record;
  }
}

/** A policy that was not asked shows nothing; one that fails otherwise took no more than it may. */
export function verdictOf(code: PolicyErrorCode | undefined): Verdict {
  if (code === 'POLICY_UNAVAILABLE') return 'unknown';
  return code !== undefined && RESOURCE_ERRORS.includes(code) ? 'overran' : 'kept';
}
