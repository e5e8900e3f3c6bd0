import { AppError } from '../kernel/errors.js';
import { type ReplicaId, type SessionId } from '../kernel/ids.js';
import { type Pool } from '../pools/pool.js';
import { mayTake } from '../scheduling/core/placement.js';
import { type Scheduler } from '../scheduling/scheduler.js';
import { type Session } from '../sessions/session.js';
import { type Sessions } from '../sessions/sessions.js';
import { type Task } from '../tasks/task.js';
import { type UnplacedRequest } from './task-request.js';

/** The last check before the queue that is about a session: its turns. Its budget is the scheduler core's. */
export class SessionGate {
  constructor(
    private readonly sessions: Sessions,
    private readonly scheduler: Scheduler,
  ) {}

  /** The pool whose replica served the session last, when that one could take the task at once; else all of them. */
  nearCache({ tenantId, sessionId, kvHint }: UnplacedRequest, pools: readonly Pool[]): readonly Pool[] {
    if (sessionId === null || kvHint === 'cold') return pools;
    const replica = this.sessions.find(tenantId, sessionId as SessionId)?.lastReplica;
    const near = replica === undefined ? [] : pools.filter((pool) => this.isFree(pool, replica));
    return near.length > 0 ? near : pools;
  }

  /** True for a task that a budget pays for. */
  counts({ sessionId }: UnplacedRequest): boolean {
    return sessionId !== null && this.sessions.tariff.isActive;
  }

  /**
   * Runs `submit` as a turn of the task's session.
   * @throws AppError 409 when the session has no turn left, and what `submit` throws; no turn is counted then
   */
  pass<Result>(task: Task, submit: () => Result): Result {
    const session = this.sessionOf(task);
    if (session === undefined) return submit();
    this.refuseFurtherTurn(session);
    task.session = session;
    return submit();
  }

  /** An accepted task could not be stored, and has ended: it was no turn. */
  withdraw({ session }: Task): void {
    if (session !== undefined) this.sessions.withdraw(session);
  }

  private sessionOf({ request }: Task): Session | undefined {
    const { tenantId, sessionId, correlationId, clientId, provenance } = request;
    if (sessionId === null) return undefined;
    const origin = { correlationId, clientId: clientId ?? undefined, userAgent: provenance.userAgent };
    return this.sessions.named(tenantId, sessionId as SessionId, origin);
  }

  private refuseFurtherTurn(session: Session): void {
    const { maxTurns } = this.sessions.limits;
    if (session.turns < maxTurns) return;
    this.sessions.residency.forget(session);
    throw new AppError(
      'TURN_LIMIT',
      `the session has had its ${maxTurns} turns; start a new one, or delete this one to use its id again`,
      { members: { limit: { name: 'sessions.max_turns', value: maxTurns, used: session.turns } } },
    );
  }

  private isFree({ id }: Pool, replicaId: ReplicaId): boolean {
    const { pool } = this.scheduler.outlook(id);
    const replica = pool.replicas.get(replicaId);
    return pool.queue.size === 0 && replica !== undefined && mayTake(replica);
  }
}
