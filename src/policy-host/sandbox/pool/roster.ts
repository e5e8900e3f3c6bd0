import { PolicyError } from '../../policy-error.js';
import { type Candidate, type Examination, type PolicySet } from '../policy-set.js';
import { type Crew, type Member } from './crew.js';
import { Generation, runnable } from './generation.js';
import { errorOfJob, policyError } from './loss.js';
import { type Reply } from './sandbox.js';

/** For what is done once a load: compiling, starting, warming up. */
const DEADLINE_MS = 10_000;

/** Which policies the workers have. Changes go through one after the other. */
export class Roster {
  private generation = new Generation(0, { policies: [] });
  private lastGeneration = 0;
  private lastJob = 0;
  private isClosed = false;
  private before: Promise<unknown> = Promise.resolve();

  constructor(private readonly crew: () => Crew) {}

  /** What calls begin with; every idle worker has it. */
  get current(): Generation {
    return this.generation;
  }

  install(set: PolicySet): Promise<void> {
    return this.inTurn(() => this.swap(set));
  }

  examine(candidate: Candidate): Promise<Examination> {
    return this.inTurn(() => this.examination(candidate));
  }

  /** Brings a new worker to where the others are. */
  async bring({ sandbox, generations }: Member, generation = this.current): Promise<void> {
    const known = new Set([...generations.values()].flat());
    const { number, sent: policies } = generation;
    const modules = generation.modulesBeside(known);
    const reply = await sandbox.run(
      { type: 'install', id: this.nextJob(), generation: number, policies, modules },
      DEADLINE_MS,
    );
    if (reply.type === 'failed') throw errorOfJob(reply.error);
    generations.set(number, generation.loads);
  }

  nextJob(): number {
    this.lastJob += 1;
    return this.lastJob;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.before;
  }

  private async inTurn<Value>(run: () => Promise<Value>): Promise<Value> {
    const turn = this.before.then(() => this.unlessClosed(run));
    this.before = turn.catch(() => undefined);
    try {
      return await turn;
    } catch (error) {
      throw policyError(error);
    }
  }

  private async swap(set: PolicySet): Promise<void> {
    this.lastGeneration += 1;
    const next = new Generation(this.lastGeneration, set);
    try {
      if (set.policies.length > 0) await this.bringAll(next);
    } catch (error) {
      this.retire(next);
      throw error;
    }
    this.retire(this.generation);
    this.generation = next;
  }

  /** One worker at a time, so that the others serve. */
  private async bringAll(generation: Generation): Promise<void> {
    this.crew().fill();
    for (let member = this.lacking(generation); member !== undefined; member = this.lacking(generation)) {
      await this.borrowed(member, () => this.bring(member, generation));
    }
  }

  private lacking(generation: Generation): Member | undefined {
    return this.crew().members.find(({ generations }) => !generations.has(generation.number));
  }

  private async examination({ prepared, config, cases }: Candidate): Promise<Examination> {
    this.crew().fill();
    const id = this.nextJob();
    for (;;) {
      const member = this.crew().idle() ?? this.crew().members[0];
      if (member === undefined) {
        throw new PolicyError('POLICY_UNAVAILABLE', 'No sandbox worker starts.', { cause: this.crew().lastFailure });
      }
      const job = { type: 'examine', id, module: runnable(prepared), config, cases } as const;
      const reply = await this.borrowed(member, () => member.sandbox.run(job, DEADLINE_MS));
      if (reply !== undefined) return examinationOf(reply);
    }
  }

  /** Undefined when the worker was lost before it was free. */
  private async borrowed<Value>(member: Member, run: () => Promise<Value>): Promise<Value | undefined> {
    if (!(await this.crew().claim(member))) return undefined;
    try {
      return await this.unlessClosed(run);
    } finally {
      this.crew().release(member);
    }
  }

  private unlessClosed<Value>(run: () => Promise<Value>): Promise<Value> {
    if (!this.isClosed) return run();
    return Promise.reject(new PolicyError('POLICY_UNAVAILABLE', 'The sandbox is closed.'));
  }

  private retire({ number }: Generation): void {
    for (const { sandbox, generations } of this.crew().members) {
      if (generations.delete(number)) sandbox.retire(number);
    }
  }
}

function examinationOf(reply: Reply): Examination {
  if (reply.type === 'examined') return reply.examination;
  throw errorOfJob(
    reply.type === 'failed' ? reply.error : { code: undefined, message: 'The sandbox mixed up its answers.' },
  );
}
