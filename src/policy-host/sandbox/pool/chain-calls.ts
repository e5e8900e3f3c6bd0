import { type PolicyHook } from '@llama-orch/policy-sdk/abi';
import { type CancelTimer, type Clock } from '../../../kernel/clock.js';
import { type ChainCall, type ChainOutcome } from '../chain.js';
import { combine } from '../combine.js';
import { outcomeOf } from '../outcome.js';
import { type Failure, type InstalledPolicy } from '../policy-set.js';
import { type PolicyAnswer, unanswered } from '../run-chain.js';
import { Subject, textOfEvent } from '../subject.js';
import { Attendance } from './attendance.js';
import { type Member } from './crew.js';
import { type Generation, readsBodies } from './generation.js';
import { errorOfJob, failureOf } from './loss.js';
import { type FromWorker } from './protocol.js';
import { type Job, SandboxLost } from './sandbox.js';
import { type Strikes, verdictOf } from './strikes.js';
import { NotServed } from './waiting-line.js';

type Answered = Extract<FromWorker, { type: 'answered' }>;
type CallJob = Extract<Job, { type: 'call' }>;

/** What a chain came to, before it is combined: an answer for each policy, or for the one that ended it. */
interface Result {
  readonly asked: readonly InstalledPolicy[];
  readonly answers: readonly PolicyAnswer[];
  readonly patched?: Pick<Answered, 'event' | 'body'>;
  /** No worker was free. */
  readonly isBusy?: boolean;
}

/** A crowd before the sandbox is no fault of the policies. An answer is there already, and would be lost. */
const WAIT_MS: Readonly<Record<PolicyHook, number>> = { on_admission: 1_000, on_request: 2_000, on_response: 10_000 };

/** A free worker, lent for one chain. */
export interface Lender {
  /** Rejects with `NotServed` when none is free in time. */
  lend<Value>(run: (member: Member) => Promise<Value>, waitMs: number): Promise<Value>;
  readonly generation: Generation;
  nextJob(): number;
}

export interface Deadlines {
  /** Of the worker. */
  readonly chainMs: number;
  /** Of the caller of an admission chain, from when a worker is there. */
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
    return combined(call, await this.inTime(call, asked));
  }

  /** @param onBegin called when a worker takes the call */
  private async resultOf(call: ChainCall, onBegin = () => {}): Promise<Result> {
    try {
      return await this.attempts(call, textOfEvent(call.event), onBegin);
    } catch (error) {
      const result = failed(this.lender.generation.asked(call), failureOf(error));
      return error instanceof NotServed ? { ...result, isBusy: true } : result;
    }
  }

  /** The chain is asked again without a policy that took its worker with it, unless that one has to answer. */
  private async attempts(call: ChainCall, event: string, onBegin: () => void): Promise<Result> {
    const lost = new Map<InstalledPolicy, Failure>();
    for (;;) {
      const attempt = await this.attempt(call, event, lost, onBegin);
      if (!('loss' in attempt)) return attempt;
      const { asked, loss } = attempt;
      const culprit = loss.place === undefined ? undefined : asked[loss.place];
      if (culprit === undefined) throw loss;
      const failure = named(culprit, failureOf(loss));
      lost.set(culprit, failure);
      if (mustAnswer(culprit, call)) return { asked: [culprit], answers: [unanswered(culprit.id, failure)] };
    }
  }

  /** All that is decided of the policies is decided once a worker is there: until then others may be installed. */
  private attempt(
    call: ChainCall,
    event: string,
    lost: ReadonlyMap<InstalledPolicy, Failure>,
    onBegin: () => void,
  ): Promise<Result | { asked: readonly InstalledPolicy[]; loss: SandboxLost }> {
    return this.lender.lend(async (member) => {
      onBegin();
      const asked = this.lender.generation.asked(call);
      const attendance = new Attendance(asked, lost, this.strikes);
      try {
        return await this.hop(call, event, attendance, member);
      } catch (error) {
        if (!(error instanceof SandboxLost)) throw error;
        blame(attendance, error);
        return { asked, loss: error };
      } finally {
        attendance.end();
      }
    }, WAIT_MS[call.hook]);
  }

  private async hop(call: ChainCall, event: string, attendance: Attendance, { sandbox }: Member): Promise<Result> {
    const { asked, leftOut } = attendance;
    if (leftOut.length === asked.length) return { asked, answers: this.counted(attendance, []) };
    const job = this.job(call, event, asked, leftOut);
    const transfer = job.bodies.map(([, { buffer }]) => buffer as ArrayBuffer);
    const reply = await sandbox.run(job, this.deadlines.chainMs, transfer);
    if (reply.type !== 'answered') throw errorOfJob(reply.type === 'failed' ? reply.error : MIXED_UP);
    return { asked, answers: this.counted(attendance, reply.answers), patched: reply };
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

  private counted(attendance: Attendance, answers: readonly PolicyAnswer[]): PolicyAnswer[] {
    return attendance.asked.map((policy, place) => {
      if (attendance.isLeftOut(policy)) return unanswered(policy.id, attendance.failureOf(policy, this.clock.now()));
      const answer = answers[place] ?? unanswered(policy.id, MIXED_UP);
      attendance.settle(policy, verdictOf(answer.error?.code));
      return answer;
    });
  }

  /** What is late is answered as failed. The worker goes on: only the caller does not wait for it. */
  private async inTime(call: ChainCall, asked: readonly InstalledPolicy[]): Promise<Result> {
    let cancelTimer: CancelTimer | undefined;
    const { promise: tooLate, resolve: giveUp } = Promise.withResolvers<Result>();
    const begin = (): void => {
      cancelTimer ??= this.clock.schedule(this.deadlines.admissionMs, () => giveUp(failed(asked, TOO_LATE)));
    };
    try {
      return await Promise.race([this.resultOf(call, begin), tooLate]);
    } finally {
      cancelTimer?.();
    }
  }
}

const MIXED_UP: Failure = { code: 'POLICY_UNAVAILABLE', message: 'The sandbox mixed up its answers.' };
const TOO_LATE: Failure = { code: 'POLICY_DEADLINE', message: 'It was not asked, or not done, in time.' };

/** A policy that took its worker with it has overrun its bounds, unless it hardly got to compute. */
function blame(attendance: Attendance, { place, reason, usedItsTime }: SandboxLost): void {
  const culprit = place === undefined ? undefined : attendance.asked[place];
  if (culprit === undefined || reason === 'crash' || reason === 'closed') return;
  attendance.settle(culprit, usedItsTime ? 'overran' : 'unknown');
}

function mustAnswer({ mode, onError }: InstalledPolicy, { hook }: ChainCall): boolean {
  return mode === 'enforce' && onError[hook] === 'deny';
}

function failed(asked: readonly InstalledPolicy[], failure: Failure): Result {
  return { asked, answers: asked.map((policy) => unanswered(policy.id, named(policy, failure))) };
}

function named({ id }: InstalledPolicy, { code, message }: Failure): Failure {
  return { code, message: `${id}: ${message}` };
}

function combined(
  call: ChainCall,
  { asked, answers, patched, isBusy = false }: Result,
): Omit<ChainOutcome, 'latencyUs'> {
  const outcomes = answers.map((answer, place) => outcomeOf(asked[place]!, answer, call.hook));
  if (isBusy) return busy(call, outcomes);
  const event = patched?.event === undefined ? call.event : new Subject(patched.event, call.bodies).event;
  return combine(outcomes, call.event, { event, bodies: call.bodies, body: patched?.body });
}

/** Whatever an error of a policy means otherwise: nobody who was not asked has said yes. */
function busy(call: ChainCall, outcomes: ChainOutcome['outcomes']): Omit<ChainOutcome, 'latencyUs'> {
  const nothing = { by: undefined, body: undefined, moved: false, limits: [], redactions: [], labels: {} };
  const reason = 'too many calls wait for the policies';
  const hint = 'send it again a little later; policy.workers takes more at once';
  return {
    decision: 'deny',
    code: 'POLICY_UNAVAILABLE',
    reason,
    hint,
    event: call.event,
    ...nothing,
    outcomes,
    isBusy: true,
  };
}

/** Copies to the byte: a view of a pool would take the whole pool along. */
function copies(bodies: ChainCall['bodies']): [number, Uint8Array][] {
  return [...bodies].map(([handle, body]) => [handle, Uint8Array.from(body)]);
}
