import { type Failure, type InstalledPolicy } from '../policy-set.js';
import { type Standing, type Strikes, type Verdict } from './strikes.js';

/** Who of a chain is asked in one hop to a worker. */
export class Attendance {
  private readonly standings: ReadonlyMap<InstalledPolicy, Standing>;
  private readonly settled = new Set<InstalledPolicy>();

  /** @param lost policies that took their worker with them in this chain, and how */
  constructor(
    readonly asked: readonly InstalledPolicy[],
    private readonly lost: ReadonlyMap<InstalledPolicy, Failure>,
    private readonly strikes: Strikes,
  ) {
    this.standings = new Map(
      asked.map((policy) => [policy, lost.has(policy) ? 'left-out' : strikes.standingOf(policy)]),
    );
  }

  /** Policies that fail without being asked. */
  get leftOut(): readonly InstalledPolicy[] {
    return this.asked.filter((policy) => this.isLeftOut(policy));
  }

  isLeftOut(policy: InstalledPolicy): boolean {
    return this.standings.get(policy) === 'left-out';
  }

  /** Why it is not asked. */
  failureOf(policy: InstalledPolicy, now: number): Failure {
    const known = this.lost.get(policy);
    if (known !== undefined) return known;
    const { triedAt } = this.strikes.quarantineOf(policy) ?? { triedAt: now };
    const tried = triedAt > now ? `in ${Math.ceil((triedAt - now) / 1_000)} s` : 'now';
    const message = `${policy.id}: It is quarantined, as it took more than it may too often; one call tries it again ${tried}.`;
    return { code: 'POLICY_UNAVAILABLE', message };
  }

  /** What the call shows of a policy; the first word counts. */
  settle(policy: InstalledPolicy, verdict: Verdict): void {
    if (this.settled.has(policy)) return;
    this.settled.add(policy);
    this.strikes.settle(policy, this.standings.get(policy) ?? 'left-out', verdict);
  }

  /** Nothing more comes of those that are not settled. */
  end(): void {
    for (const policy of this.asked) this.settle(policy, 'unknown');
  }
}
