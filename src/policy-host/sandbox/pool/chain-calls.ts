import { type Clock } from '../../../kernel/clock.js';
import { type ChainCall, type ChainOutcome } from '../chain.js';
import { combine } from '../combine.js';
import { outcomeOf } from '../outcome.js';
import { type Failure, type InstalledPolicy } from '../policy-set.js';
import { type PolicyAnswer, unanswered } from '../run-chain.js';
import { Subject, textOfEvent } from '../subject.js';
import { type Member } from './crew.js';
import { type Generation, readsBodies } from './generation.js';
import { errorOfJob, failureOf } from './loss.js';
import { type FromWorker } from './protocol.js';
import { type Job, SandboxLost } from './sandbox.js';
import { type Strikes } from './strikes.js';

type Answered = Extract<FromWorker, { type: 'answered' }>;
type CallJob = Extract<Job, { type: 'call' }>;

/** What a chain came to, before it is combined: an answer for each policy, or for the one that ended it. */
interface Result {
  readonly asked: readonly InstalledPolicy[];
  readonly answers: readonly PolicyAnswer[];
  readonly patched?: Pick<Answered, 'event' | 'body'>;
}

/** A free worker, lent for one chain. */
export interface Lender {
  /** Rejects when none is free in time. */
  lend<Value>(run: (member: Member) => Promise<Value>): Promise<Value>;
  readonly generation: Generation;
  nextJob(): number;
}

export interface Deadlines {
  /** Of the worker. */
  readonly chainMs: number;
  /** Of the caller of an admission chain, the wait for a worker included. */
  readonly admissionMs: number;
}

/** Calls of chains, and what becomes of them when a policy does not answer. */
export class ChainCalls {
  constructor(
    private readonly lender: Lender,
    private readonly strikes: Strikes,
    private readonly deadlines: Deadlines,
    private readonly clock: Clock,
  ) {}

  /** Never rejects. */
  async run(call: ChainCall): Promise<Omit<ChainOutcome, 'latencyUs'>> {
    const asked = this.lender.generation.asked(call);
    if (asked.length === 0) return combined(call, { asked, answers: [] });
    if (call.hook !== 'on_admission') return combined(call, await this.resultOf(call));
    return combined(call, await Promise.race([this.resultOf(call), this.tooLate(asked)]));
  }

  private async resultOf(call: ChainCall): Promise<Result> {
    try {
      return await this.attempts(call, textOfEvent(call.event));
    } catch (error) {
      return failed(this.lender.generation.asked(call), failureOf(error));
    }
  }

  /** The chain is asked again without a policy that took its worker with it, unless that one has to answer. */
  private async attempts(call: ChainCall, event: string): Promise<Result> {
    const lost = new Map<InstalledPolicy, Failure>();
    for (;;) {
      const attempt = await this.attempt(call, event, lost);
      if (!('loss' in attempt)) return attempt;
      const { asked, loss } = attempt;
      const culprit = loss.place === undefined ? undefined : asked[loss.place];
      if (culprit === undefined) throw loss;
      const failure = named(culprit, failureOf(loss));
      this.strikes.count(culprit, failure.code);
      lost.set(culprit, failure);
      if (mustAnswer(culprit, call)) return { asked: [culprit], answers: [unanswered(culprit.id, failure)] };
    }
  }

  /** All that is decided of the policies is decided once a worker is there: until then others may be installed. */
  private attempt(
    call: ChainCall,
    event: string,
    lost: ReadonlyMap<InstalledPolicy, Failure>,
  ): Promise<Result | { asked: readonly InstalledPolicy[]; loss: SandboxLost }> {
    return this.lender.lend(async ({ sandbox }) => {
      const asked = this.lender.generation.asked(call);
      const excluded = asked.filter((policy) => lost.has(policy) || this.strikes.isQuarantined(policy));
      if (excluded.length === asked.length) return { asked, answers: asked.map((one) => this.excluded(one, lost)) };
      try {
        const job = this.job(call, event, asked, excluded);
        const reply = await sandbox.run(
          job,
          this.deadlines.chainMs,
          job.bodies.map(([, { buffer }]) => buffer as ArrayBuffer),
        );
        if (reply.type !== 'answered') throw errorOfJob(reply.type === 'failed' ? reply.error : MIXED_UP);
        return { asked, answers: this.counted(asked, reply.answers, lost), patched: reply };
      } catch (error) {
        if (error instanceof SandboxLost) return { asked, loss: error };
        throw error;
      }
    });
  }

  private job(
    { hook, counters, bodies }: ChainCall,
    event: string,
    asked: readonly InstalledPolicy[],
    excluded: readonly InstalledPolicy[],
  ): CallJob {
    return {
      type: 'call',
      id: this.lender.nextJob(),
      generation: this.lender.generation.number,
      hook,
      asked: asked.map(({ id }) => id),
      unavailable: excluded.map(({ id }) => id),
      event,
      bodies: asked.some(readsBodies) ? copies(bodies) : [],
      counters,
    };
  }

  private counted(
    asked: readonly InstalledPolicy[],
    answers: readonly PolicyAnswer[],
    lost: ReadonlyMap<InstalledPolicy, Failure>,
  ): PolicyAnswer[] {
    return asked.map((policy, place) => {
      const answer = answers[place] ?? unanswered(policy.id, MIXED_UP);
      if (lost.has(policy) || this.strikes.isQuarantined(policy)) return this.excluded(policy, lost);
      if (answer.error !== undefined) this.strikes.count(policy, answer.error.code);
      return answer;
    });
  }

  private excluded(policy: InstalledPolicy, lost: ReadonlyMap<InstalledPolicy, Failure>): PolicyAnswer {
    return unanswered(policy.id, lost.get(policy) ?? named(policy, QUARANTINED));
  }

  /** The worker goes on: only the caller does not wait for it. */
  private tooLate(asked: readonly InstalledPolicy[]): Promise<Result> {
    const failure: Failure = { code: 'POLICY_DEADLINE', message: 'It was not asked, or not done, in time.' };
    return new Promise((resolve) => {
      this.clock.schedule(this.deadlines.admissionMs, () => resolve(failed(asked, failure)));
    });
  }
}

const MIXED_UP: Failure = { code: 'POLICY_UNAVAILABLE', message: 'The sandbox mixed up its answers.' };
const QUARANTINED: Failure = {
  code: 'POLICY_UNAVAILABLE',
  message: 'It is quarantined, as it took more than it may three times within a minute. Load it anew.',
};

function mustAnswer({ mode, onError }: InstalledPolicy, { hook }: ChainCall): boolean {
  return mode === 'enforce' && onError[hook] === 'deny';
}

function failed(asked: readonly InstalledPolicy[], failure: Failure): Result {
  return { asked, answers: asked.map((policy) => unanswered(policy.id, named(policy, failure))) };
}

function named({ id }: InstalledPolicy, { code, message }: Failure): Failure {
  return { code, message: `${id}: ${message}` };
}

function combined(call: ChainCall, { asked, answers, patched }: Result): Omit<ChainOutcome, 'latencyUs'> {
  const outcomes = answers.map((answer, place) => outcomeOf(asked[place]!, answer, call.hook));
  const event = patched?.event === undefined ? call.event : new Subject(patched.event, call.bodies).event;
  return combine(outcomes, call.event, { event, bodies: call.bodies, body: patched?.body });
}

/** Copies to the byte: a view of a pool would take the whole pool along. */
function copies(bodies: ChainCall['bodies']): [number, Uint8Array][] {
  return [...bodies].map(([handle, body]) => [handle, Uint8Array.from(body)]);
}
