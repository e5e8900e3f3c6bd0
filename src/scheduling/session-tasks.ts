import { type Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/errors.js';
import { type ReplicaId } from '../kernel/ids.js';
import { type Amounts, type Shortfall } from '../sessions/ledger.js';
import { type ReplicaStart, type Session } from '../sessions/session.js';
import { type SessionListener, type Sessions } from '../sessions/sessions.js';
import { capName, remainingOf, wireAmount } from '../sessions/tariff.js';
import { type MetricsFrame } from '../tasks/frames.js';
import { type Task } from '../tasks/task.js';
import { type SchedulerEvent, type TaskEnd } from './core/model.js';
import { workpieceOf } from './forecast/forecastable.js';
import { type PoolOutlook } from './forecast/pool-outlook.js';
import { LONGEST_RETRY_MS, clampRetryMs } from './promises/retry-wait.js';

type Submitted = Extract<SchedulerEvent, { type: 'submitted' }>;
type SessionFrame = Pick<MetricsFrame, 'kv_warmth' | 'kv_migrated'> & ReturnType<typeof remainingOf>;

export interface SessionTaskPorts {
  readonly sessions: Sessions;
  readonly clock: Clock;
  /** Feeds the scheduler core. */
  readonly event: (event: SchedulerEvent) => void;
}

/** Time that passes at most between two looks at what a decoding task has used. */
const LOOK_MS = 250;

/** What scheduling and sessions tell each other about the tasks of sessions. Costs other tasks nothing. */
export class SessionTasks implements SessionListener {
  private readonly lastLook = new WeakMap<Task, number>();

  constructor(private readonly ports: SessionTaskPorts) {
    ports.sessions.start(this);
  }

  sessionOpened({ key: session, account, lastReplica }: Session): void {
    this.ports.event({ type: 'session-opened', session, account, lastReplica });
  }

  sessionRemoved({ key: session }: Session): void {
    this.ports.event({ type: 'session-closed', session });
  }

  /** The part of a task's first event that is about its session; a new session is introduced before. */
  introduce(task: Task, outlook: PoolOutlook, wallMs: number): Pick<Submitted, 'session'> {
    const { session, request } = task;
    if (session === undefined) return {};
    if (!this.ports.sessions.isKnown(session)) this.sessionOpened(session);
    const reuse = request.kvHint !== 'cold';
    if (session.account === undefined) return { session: { key: session.key, reuse } };
    return { session: { key: session.key, reuse, budget: this.budgetOf(task, outlook, wallMs) } };
  }

  accepted(task: Task): void {
    if (task.session !== undefined) this.ports.sessions.accepted(task.session, task.key);
  }

  /** A task of before a restart goes on; what it used until then is charged already. */
  restored(task: Task): void {
    if (task.session !== undefined) this.ports.sessions.goesOn(task.session, task.key);
  }

  /** A task of before a restart ends, because no pool is left for it: its session pays for what its reader has. */
  orphaned(task: Task): void {
    const { session, key } = task;
    if (session === undefined || !this.ports.sessions.isKnown(session)) return;
    const used = task.firstTokenAt === undefined ? {} : { used: this.usedBy(task) };
    this.ports.event({ type: 'orphaned', key, session: session.key, ...used });
    this.ports.sessions.goesOn(session, key);
    this.ports.sessions.ended(session, key);
  }

  /** A session whose first task was refused never was. */
  refused({ session }: Task): void {
    if (session !== undefined && !this.ports.sessions.isKnown(session)) this.sessionRemoved(session);
  }

  /** True when the replica that takes the task holds its session's cache. */
  dispatched(task: Task, { id, epoch }: ReplicaStart): boolean | undefined {
    const { session, request } = task;
    if (session === undefined) return undefined;
    const { lastReplica, warmOn } = session;
    const wanted = request.kvHint === 'cold' ? undefined : lastReplica;
    task.failedOver = task.requeued || task.failovers > 0 || (wanted !== undefined && wanted !== id);
    return !task.failedOver && warmOn?.id === id && warmOn.epoch === epoch;
  }

  /** The first token of a run that its reader did not have. */
  firstToken({ session }: Task, replica: ReplicaStart, slots: number): void {
    const { sessions } = this.ports;
    if (session === undefined) sessions.slotUsed(replica, slots);
    else sessions.warmedUp(session, replica, slots);
  }

  replicaLost(id: ReplicaId): void {
    this.ports.sessions.replicaLost(id);
  }

  /** Tokens of a running task were delivered. */
  delivered(task: Task): void {
    const { session } = task;
    if (session?.account === undefined) return;
    this.lastLook.set(task, this.ports.clock.now());
    this.ports.event({ type: 'used', key: task.key, amounts: this.usedBy(task) });
    this.ports.sessions.writeSoon(session);
  }

  /** A look at a task that decodes: its time passes also while no token comes. */
  look(task: Task): void {
    if (task.session?.account === undefined) return;
    if (this.ports.clock.now() - (this.lastLook.get(task) ?? 0) >= LOOK_MS) this.delivered(task);
  }

  /** What a task that ran to its end used in all; empty without a budget. */
  wholeUse(task: Task): { readonly used?: Amounts } {
    const { session, answer } = task;
    if (session?.account === undefined || answer === undefined) return {};
    const { promptTokens, completionTokens } = answer.usage;
    const outputTokens = Math.max(task.tokensOut, completionTokens);
    return { used: this.amounts(promptTokens, outputTokens, task.decodeMs(this.ports.clock.now())) };
  }

  /** The task has ended; what it used and gave back becomes durable with its end. */
  ended(task: Task, end: TaskEnd): void {
    const { session } = task;
    if (session === undefined) return;
    const { sessions } = this.ports;
    sessions.ended(session, task.key);
    if (end.type === 'budget') sessions.telemetry.braked();
  }

  /** Members of the task's metrics frames. */
  frameMembers(task: Task): SessionFrame {
    const { session, failedOver } = task;
    if (session === undefined) return {};
    return {
      ...(failedOver ? { kv_warmth: false, kv_migrated: false } : { kv_warmth: session.kvWarmth }),
      ...(session.account === undefined ? {} : remainingOf(session.account)),
    };
  }

  unaffordable(task: Task, shortfall: Shortfall): AppError {
    const { sessions } = this.ports;
    sessions.telemetry.budgetDenied();
    const { dimension, cap, used, reserved, needed } = shortfall;
    const wire = (amount: number) => wireAmount(dimension, amount);
    const left = Math.max(0, cap - used - reserved);
    const held = reserved === 0 ? '' : ` (its running tasks hold ${wire(reserved)})`;
    const name = capName(dimension);
    return new AppError(
      'BUDGET_EXHAUSTED',
      `the session has ${wire(left)} of ${name} ${wire(cap)} left${held}, this task needs at least ${wire(needed)}; start a new session`,
      {
        members: {
          engine: task.engine,
          pool_id: task.poolId,
          retry_after_ms: this.waitMs(task.session!),
          policy_label: 'reject',
          limit: { name, value: wire(cap), used: wire(used) },
        },
      },
    );
  }

  /** Nothing but the end of the session brings a new budget. */
  private waitMs(session: Session): number {
    const { sessions } = this.ports;
    return sessions.isKnown(session) ? clampRetryMs(sessions.ttlMsRemaining(session)) : LONGEST_RETRY_MS;
  }

  private budgetOf(task: Task, outlook: PoolOutlook, wallMs: number): { ask: Amounts; least: Amounts } {
    const { workload, maxTokens, deadlineMs = Infinity } = task.request;
    const { promptTokens } = task;
    if (workload !== 'completion') {
      const whole = this.amounts(promptTokens, 0, 0);
      return { ask: whole, least: whole };
    }
    const decodeMs = outlook.estimator.decodeMs(outlook.estimator.outputTokens(workpieceOf(task)).p90);
    const timeMs = Math.max(1, Math.min(deadlineMs, wallMs, decodeMs));
    return { ask: this.amounts(promptTokens, maxTokens, timeMs), least: this.amounts(promptTokens, 1, 1) };
  }

  private usedBy(task: Task): Amounts {
    return this.amounts(task.promptTokens, task.tokensOut, task.decodeMs(this.ports.clock.now()));
  }

  private amounts(promptTokens: number, outputTokens: number, decodeMs: number): Amounts {
    return this.ports.sessions.tariff.amounts({ promptTokens, outputTokens, decodeMs });
  }
}
