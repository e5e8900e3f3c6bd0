import { availableParallelism } from 'node:os';
import { type Clock } from '../../../kernel/clock.js';
import { type ChainCall, type ChainOutcome } from '../chain.js';
import { DEFAULT_ENGINE, type EngineName } from '../engine/engine-name.js';
import { NO_RULES } from '../host/findings.js';
import { type Candidate, type Examination, type FindingRules, type PolicySet } from '../policy-set.js';
import { ChainCalls } from './chain-calls.js';
import { Crew, type Member } from './crew.js';
import { Roster } from './roster.js';
import { type Quarantine, Strikes } from './strikes.js';
import { WaitingLine } from './waiting-line.js';

export interface SandboxPoolOptions {
  readonly clock: Clock;
  /** Chains at once. Default: one less than the cores, 1 to 4. One more worker stands by. */
  readonly workers?: number | undefined;
  /** Wall clock of a whole chain: a backstop, as fuel ends what runs too long. */
  readonly deadlineMs?: number | undefined;
  /** Time after which an admission chain is answered as failed; its worker may go on until the deadline. */
  readonly admissionDeadlineMs?: number | undefined;
  /** What `scan` and `pseudonym` work with. */
  readonly rules?: FindingRules | undefined;
  readonly engine?: EngineName | undefined;
  /** Calls that may wait for a worker. */
  readonly waiting?: number | undefined;
}

const DEADLINE_MS = 250;
const ADMISSION_DEADLINE_MS = 5;
const MOST_WAITING = 1_024;

/** Runs chains of policies in worker threads: a whole chain in one hop, one chain at a time in each worker. */
export class SandboxPool {
  private readonly workers: number;
  private readonly clock: Clock;
  private readonly deadlineMs: number;
  private readonly strikes: Strikes;
  private readonly crew: Crew;
  private readonly roster: Roster;
  private readonly line: WaitingLine;
  private readonly chains: ChainCalls;
  private readonly underWay = new Set<Promise<unknown>>();
  private lent = 0;

  constructor(options: SandboxPoolOptions) {
    const { clock, engine = DEFAULT_ENGINE, rules = { patterns: [], key: NO_RULES.key } } = options;
    this.clock = clock;
    this.workers = options.workers ?? Math.max(1, Math.min(4, availableParallelism() - 1));
    this.deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    this.strikes = new Strikes(clock);
    this.line = new WaitingLine(options.waiting ?? MOST_WAITING, clock);
    this.roster = new Roster(() => this.crew);
    this.crew = new Crew(this.workers + 1, { engine, rules }, clock, {
      prepare: (member) => this.roster.bring(member),
      onIdle: () => this.serveWaiting(),
    });
    this.chains = this.chainCalls(options.admissionDeadlineMs ?? ADMISSION_DEADLINE_MS);
  }

  /**
   * Asks these policies from now on. Calls under way finish with those that they began with. Until it settles, and for good
   * when it rejects, the set before goes on.
   *
   * @throws PolicyError when a policy of the set does not start
   */
  install(set: PolicySet): Promise<void> {
    return this.roster.install(set);
  }

  /** Asks the policies that have the hook. Never rejects: what goes wrong is part of the outcome. */
  async run(call: ChainCall): Promise<ChainOutcome> {
    const from = this.clock.now();
    const outcome = await this.tracked(this.chains.run(call));
    return { ...outcome, latencyUs: Math.round((this.clock.now() - from) * 1_000) };
  }

  /**
   * Runs a module beside the calls: `describe`, `validate_config`, and hooks with given events.
   *
   * @throws PolicyError when the module does not start, or does not end
   */
  examine(candidate: Candidate): Promise<Examination> {
    return this.roster.examine(candidate);
  }

  /** Policies by id that are not asked for a while, as they took too much too often. */
  quarantines(): ReadonlyMap<string, Quarantine> {
    const { policies } = this.roster.current.set;
    const entries = policies.map((policy) => [policy.id, this.strikes.quarantineOf(policy)] as const);
    return new Map(entries.flatMap(([id, quarantine]) => (quarantine === undefined ? [] : [[id, quarantine]])));
  }

  /** Answers the calls under way and ends the workers. */
  async close(): Promise<void> {
    this.line.close();
    await Promise.allSettled(this.underWay);
    await Promise.all([this.crew.close(), this.roster.close()]);
  }

  private chainCalls(admissionMs: number): ChainCalls {
    const { roster } = this;
    const lender = {
      lend: <Value>(run: (member: Member) => Promise<Value>, waitMs: number) => this.lend(run, waitMs),
      get generation() {
        return roster.current;
      },
      nextJob: () => roster.nextJob(),
    };
    return new ChainCalls(lender, this.strikes, { chainMs: this.deadlineMs, admissionMs }, this.clock);
  }

  private async lend<Value>(run: (member: Member) => Promise<Value>, waitMs: number): Promise<Value> {
    const member = await this.free(waitMs);
    try {
      return await run(member);
    } finally {
      this.lent -= 1;
      this.crew.release(member);
      this.serveWaiting();
    }
  }

  private async tracked<Value>(running: Promise<Value>): Promise<Value> {
    this.underWay.add(running);
    try {
      return await running;
    } finally {
      this.underWay.delete(running);
    }
  }

  private async free(waitMs: number): Promise<Member> {
    const member = this.line.length === 0 ? this.take() : undefined;
    return member ?? this.line.wait(waitMs);
  }

  private take(): Member | undefined {
    const member = this.lent < this.workers ? this.crew.idle() : undefined;
    if (member === undefined) return undefined;
    member.state = 'busy';
    this.lent += 1;
    return member;
  }

  private serveWaiting(): void {
    while (this.line.length > 0) {
      const member = this.take();
      if (member === undefined) return;
      this.line.serveNext(member);
    }
  }
}
