import { type TaskKey } from '../../kernel/ids.js';
import { type TaskState } from '../../tasks/task-state.js';
import { type Promise202 } from '../../tasks/task.js';
import { type PoolOutlook } from '../forecast/pool-outlook.js';
import { type Queueable } from '../queue-item.js';
import { type SimRun } from './sim-replica.js';
import { type TaskSpec } from './workload.js';

/** A task inside the simulation, as the production code looks at tasks, and what only the simulation knows of it. */
export class SimTask implements Queueable {
  readonly key: TaskKey;
  readonly request;
  readonly promptTokens: number;
  readonly deadlineAt: number | undefined;
  state: TaskState = 'queued';
  dispatchedAt: number | undefined;
  firstTokenAt: number | undefined;
  endedAt: number | undefined;
  promise: Promise202 | undefined;
  /** The pool that took it, or refused it last. */
  outlook: PoolOutlook | undefined;
  run: SimRun | undefined;
  /** Refusals so far; the caller has come this often in vain. */
  refusals = 0;
  suspensions = 0;
  /** Tokens that its reader has from runs before this one. */
  private known = 0;
  private tokensAtEnd: number | undefined;

  constructor(
    /** Place in the workload, from 0. */
    readonly number: number,
    readonly spec: TaskSpec,
  ) {
    const { arrivalMs, priority, tenant, session, maxTokens, expectedTokens, deadlineMs } = spec;
    this.key = `${tenant}/${number}` as TaskKey;
    this.request = {
      priority,
      maxTokens,
      expectedTokens,
      receivedAt: arrivalMs,
      tenantId: tenant,
      sessionId: session ?? null,
      clientId: null,
      // A client that names its calls, as ours do, keeps its name over retries.
      callName: String(number),
    };
    this.promptTokens = spec.promptTokens;
    this.deadlineAt = deadlineMs === undefined ? undefined : arrivalMs + deadlineMs;
  }

  /** Tokens that its reader has by now. */
  get tokensOut(): number {
    return this.tokensAtEnd ?? Math.max(this.known, this.run?.tokensOut() ?? 0);
  }

  /** Cut off between two tokens. The next run repeats what its reader has, so that much work is lost. */
  suspend(): void {
    this.known = this.tokensOut;
    this.suspensions++;
    this.run = undefined;
    this.state = this.firstTokenAt === undefined ? 'queued' : 'preempted';
  }

  /** A lost engine sends it back to its queue. */
  requeue(): void {
    this.run = undefined;
    this.state = 'queued';
  }

  end(state: TaskState, now: number): void {
    this.tokensAtEnd = this.tokensOut;
    this.state = state;
    this.endedAt = now;
  }

  /** The caller comes again: for the server it is a new request. */
  arriveAgain(now: number): void {
    this.request.receivedAt = now;
    this.state = 'queued';
    this.tokensAtEnd = undefined;
    this.endedAt = undefined;
    this.run = undefined;
  }
}
