import { type Clock } from '../../../kernel/clock.js';
import { type PolicyErrorCode } from '../../policy-error.js';
import { type InstalledPolicy } from '../policy-set.js';

const MOST_STRIKES = 3;
const WITHIN_MS = 60_000;
/** Errors of policies that take more than they may; others say nothing of the next call. */
const RESOURCE_ERRORS: readonly PolicyErrorCode[] = ['POLICY_FUEL', 'POLICY_MEMORY', 'POLICY_STACK', 'POLICY_DEADLINE'];

/** Which policies took too much too often. They are not asked again until they are loaded anew. */
export class Strikes {
  private readonly times = new WeakMap<InstalledPolicy, readonly number[]>();
  private readonly quarantined = new WeakSet<InstalledPolicy>();

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  isQuarantined(policy: InstalledPolicy): boolean {
    return this.quarantined.has(policy);
  }

  /** Counts an error when it is one of resources. */
  count(policy: InstalledPolicy, code: PolicyErrorCode): void {
    if (!RESOURCE_ERRORS.includes(code)) return;
    const now = this.clock.now();
    const recent = [...(this.times.get(policy) ?? []), now].filter((time) => time > now - WITHIN_MS);
    this.times.set(policy, recent);
    if (recent.length >= MOST_STRIKES) this.quarantined.add(policy);
  }
}
