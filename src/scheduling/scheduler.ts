import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type Clock } from '../kernel/clock.js';
import { type AppError } from '../kernel/errors.js';
import { type PoolId, type TaskKey } from '../kernel/ids.js';
import { type Random } from '../kernel/random.js';
import { type Redactor } from '../observability/redactor.js';
import { type Coming, type Workload } from '../pools/on-demand/workload.js';
import { type PoolListener } from '../pools/pool-events.js';
import { type Pool } from '../pools/pool.js';
import { type Pools } from '../pools/pools.js';
import { type Replica } from '../pools/replica.js';
import { canHoldTasks } from '../pools/replica-state.js';
import { type Sessions } from '../sessions/sessions.js';
import { frameText } from '../tasks/frames.js';
import { type TaskJournal } from '../tasks/task-journal.js';
import { type TaskRegistry } from '../tasks/task-registry.js';
import { type TaskTelemetry } from '../tasks/task-telemetry.js';
import { type Promise202, type Task } from '../tasks/task.js';
import {
  type CorePool,
  type SchedulerCommand,
  type SchedulerEvent,
  type SchedulerState,
  type TaskEnd,
  emptyState,
} from './core/model.js';
import { step } from './core/step.js';
import { Deadlines } from './deadlines.js';
import { Failovers } from './failover/failovers.js';
import { type Rates } from './forecast/estimator.js';
import { Newcomer } from './forecast/newcomer.js';
import { isLate } from './forecast/feasibility.js';
import { type OverloadRules } from './forecast/overload.js';
import { PoolOutlook, type StartOutcome } from './forecast/pool-outlook.js';
import { callerOf, itemOf, sizePart } from './queue-item.js';
import { RateReports, asksForRates, kindOf } from './rates/rate-reports.js';
import { SessionTasks } from './session-tasks.js';
import { type PoolOption } from './pool-ranking.js';
import { SchedulerTraffic } from './pool-traffic.js';
import { type Receipts } from './receipts/receipts.js';
import { type Arrival } from './receipts/stored.js';
import { RestoredTasks } from './recovery/restored-tasks.js';
import { type PreemptionTelemetry } from './preemption-telemetry.js';
import { roomRefusal } from './room-refusal.js';
import { TaskRuns, isInterruptible } from './task-runs.js';
import { endingOf } from './terminal.js';

type CommandOf<Type extends SchedulerCommand['type']> = Extract<SchedulerCommand, { type: Type }>;

export interface SchedulerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly pools: Pools;
  readonly registry: TaskRegistry;
  readonly telemetry: TaskTelemetry;
  readonly sessions: Sessions;
  readonly metricsMs: number;
  /** Absent while preemption is off. */
  readonly preemption?: PreemptionTelemetry;
  readonly onStart?: (outcome: StartOutcome) => void;
  readonly redactor?: Pick<Redactor, 'text'>;
  readonly onDeadline: 'stop' | 'finish';
  readonly receipts: Receipts;
  readonly overload: OverloadRules;
  /** Makes tasks durable. Absent: they end with the process. */
  readonly journal?: Pick<TaskJournal, 'follow' | 'end'>;
  /** Told that something happened. Absent when no model loads on demand. */
  readonly onDemand?: { look(): void };
}

/** A pool and the speeds that are assumed of it until it has been measured. */
export interface ScheduledPool {
  readonly pool: CorePool;
  readonly rates: Rates;
  /** Slots that will be there while there are none; absent for a pool that loads by itself. */
  readonly coming?: () => Coming | undefined;
}

/** What a submit waits for while its event is taken. */
interface Submission {
  readonly newcomer: Newcomer;
  readonly arrival: Arrival | undefined;
  refusal: CommandOf<'refuse' | 'refuse-budget'> | undefined;
}

/** Feeds events to the core and carries out its commands, in their order and in the same turn. */
export class Scheduler implements PoolListener, Workload {
  private state: SchedulerState = emptyState();
  private readonly outlooks = new Map<PoolId, PoolOutlook>();
  private readonly deadlines: Deadlines;
  private readonly failovers: Failovers;
  private readonly runs: TaskRuns;
  private readonly rates: RateReports;
  readonly traffic: SchedulerTraffic;
  readonly restored: RestoredTasks;
  private readonly sessionTasks: SessionTasks;
  private readonly pending: SchedulerEvent[] = [];
  private carryingOut = false;
  private submission: Submission | undefined;
  private whenIdle: (() => void) | undefined;

  constructor(
    private readonly ports: SchedulerPorts,
    pools: readonly ScheduledPool[],
  ) {
    this.rates = new RateReports(
      pools.some(({ pool }) => asksForRates(pool.strategy)),
      (event) => this.on(event),
    );
    for (const { pool, rates, coming } of pools) {
      this.state.pools.set(pool.id, pool);
      this.outlooks.set(pool.id, new PoolOutlook(pool, rates, ports.random, ports.onStart, ports.overload, coming));
    }
    const event = (taken: SchedulerEvent) => this.on(taken);
    const state = () => this.state;
    this.deadlines = new Deadlines(ports, event);
    this.traffic = new SchedulerTraffic(ports, { state, event, outlook: (poolId) => this.outlook(poolId) });
    this.failovers = new Failovers(ports, { state, event }, this.traffic);
    // Last but one: each session that the store has kept is an event already.
    this.sessionTasks = new SessionTasks({ ...ports, event });
    const outlook = (task: Task) => this.outlook(task.poolId);
    const { rates, failovers, sessionTasks, deadlines } = this;
    this.runs = new TaskRuns(ports, sessionTasks, { event, outlook, rates, failovers });
    this.restored = new RestoredTasks(ports, { event, outlook, sessionTasks, deadlines, failovers });
  }

  /**
   * Puts a task into its pool's queue, or starts it. `compared` are the pools that it was chosen from.
   * @throws AppError 429 when the queue has no room; nothing is recorded then
   */
  submit(task: Task, compared: readonly PoolOption[] = []): Promise202 {
    const now = this.ports.clock.now();
    const outlook = this.outlook(task.poolId);
    // Before others are let go: the places that they are promised then are not this one's to miss.
    const newcomer = new Newcomer(outlook, callerOf(task), now);
    this.relieve(outlook, now);
    const arrival = this.ports.receipts.arrivalOf(task, outlook, now, compared);
    const submission: Submission = { newcomer, arrival, refusal: undefined };
    this.submission = submission;
    this.ports.registry.add(task);
    const session = this.sessionTasks.introduce(task, outlook, this.wallMsOf(task));
    const parts = { ...session, ...sizePart(task, outlook) };
    const item = itemOf(task, now, outlook);
    const { held } = newcomer;
    const late = isLate(task, outlook, now);
    this.on({ type: 'submitted', key: task.key, poolId: task.poolId, item, now, held, late, ...parts });
    if (submission.refusal !== undefined) throw this.refused(task, submission.refusal);
    return task.promise;
  }

  /** Ends a task; harmless when it has ended. Nothing follows in its log but the terminal frame. */
  cancel(task: Task, reason: 'client' | 'disconnect'): void {
    this.on({ type: 'cancelled', key: task.key, reason, now: this.ports.clock.now() });
  }

  outlook(poolId: PoolId): PoolOutlook {
    return this.outlooks.get(poolId)!;
  }

  /** Waiting tasks that go before this one now; undefined when it does not wait. */
  positionOf(task: Task): number | undefined {
    return this.state.pools.get(task.poolId)?.queue.position(task.key, this.ports.clock.now());
  }

  queueDepth(poolId: PoolId, priority: PriorityClass): number {
    return this.state.pools.get(poolId)?.queue.sizeOf(priority) ?? 0;
  }

  waitingIn(poolId: PoolId): number {
    return this.state.pools.get(poolId)?.queue.size ?? 0;
  }

  doneInMs(poolId: PoolId): number {
    return this.outlook(poolId).doneInMs(this.ports.clock.now());
  }

  /** Slots of a pool that are in use. */
  busySlots(poolId: PoolId): number {
    let count = 0;
    for (const { pool } of this.state.leases.values()) if (pool.id === poolId) count++;
    return count;
  }

  busySlotsOf(poolId: PoolId, replicaId: Replica['id']): number {
    let count = 0;
    for (const { pool, replica } of this.state.leases.values())
      if (pool.id === poolId && replica.id === replicaId) count++;
    return count;
  }

  /** Waits until no task is left; after `graceMs` those that are left end with POOL_UNAVAILABLE. */
  async drain(graceMs: number): Promise<void> {
    if (this.state.tasks.size === 0) return;
    await new Promise<void>((resolve) => {
      const cancelTimer = this.ports.clock.schedule(graceMs, () => this.shutDown());
      this.whenIdle = () => {
        cancelTimer();
        resolve();
      };
    });
  }

  /** Ends every task at once. */
  shutDown(): void {
    this.on({ type: 'shut-down', message: 'the server shuts down; send the task again when it is back' });
  }

  replicaReady(pool: Pool, replica: Replica): void {
    const { id: replicaId, epoch, slots } = replica;
    this.failovers.noteCapacity();
    const { labels, perf } = pool.config;
    const declared = { prefill: perf.prefill_tps, decode: perf.decode_tps };
    const kind = kindOf(replica.deviceKind, replica.description?.modelDigest ?? pool.model.ref);
    const { rates } = this.rates.joined({ poolId: pool.id, replicaId }, kind, declared);
    const interruptible = isInterruptible(replica);
    this.on({
      type: 'replica-ready',
      poolId: pool.id,
      replicaId,
      epoch,
      slots,
      labels,
      interruptible,
      rates,
      freeVramBytes: replica.freeVramBytes,
      now: this.ports.clock.now(),
    });
  }

  memoryChanged(pool: Pool, { id: replicaId, freeVramBytes }: Replica): void {
    this.on({ type: 'replica-memory', poolId: pool.id, replicaId, freeVramBytes });
  }

  replicaLost(pool: Pool, replica: Replica): void {
    this.sessionTasks.replicaLost(replica.id);
    this.on({ type: 'replica-unready', poolId: pool.id, replicaId: replica.id });
    if (!canHoldTasks(replica.state)) this.runs.replicaLost(replica);
  }

  poolFailed(pool: Pool): void {
    const why = pool.lastError?.message ?? 'its engine failed';
    const message = `pool ${pool.id} failed: ${why}`;
    this.on({ type: 'pool-closed', poolId: pool.id, code: 'POOL_UNAVAILABLE', message });
  }

  /** An event that comes up while commands are carried out waits until they are done. */
  private on(event: SchedulerEvent): void {
    this.pending.push(event);
    if (this.carryingOut) return;
    this.carryingOut = true;
    try {
      for (let next = this.pending.shift(); next !== undefined; next = this.pending.shift()) this.take(next);
    } finally {
      this.carryingOut = false;
    }
    this.ports.onDemand?.look();
    this.failovers.look();
    this.traffic.check();
    if (this.state.tasks.size === 0) this.whenIdle?.();
  }

  private take(event: SchedulerEvent): void {
    const [state, commands] = step(this.state, event);
    this.state = state;
    for (const command of commands) {
      this.carryOut(command);
      this.note(command);
    }
  }

  /** What was promised to a newcomer stands in its task once its command is carried out. */
  private note(command: SchedulerCommand): void {
    const task = this.ports.registry.get(command.key);
    const pool = task && this.state.pools.get(task.poolId);
    if (task === undefined || pool === undefined) return;
    const { predictedStartMs: p50, predictedStartP90Ms: p90 } = task.promise;
    this.ports.receipts.note(command, { pool, arrival: this.submission?.arrival, start: { p50, p90 } });
  }

  private carryOut(command: SchedulerCommand): void {
    switch (command.type) {
      case 'refuse':
      case 'refuse-budget':
        this.submission!.refusal = command;
        return;
      case 'accept':
        return this.accept(command);
      case 'dispatch':
        return this.dispatch(command);
      case 'requeue':
        return this.requeue(command);
      case 'move':
        return this.traffic.moved(command);
      case 'stop':
        return this.runs.stop(command.lease);
      case 'suspend':
        return this.suspend(command);
      case 'suspended':
        return this.outlook(this.task(command.key).poolId).requeued(this.task(command.key));
      case 'finish':
        return this.finish(command.key, command.end);
    }
  }

  private refused(task: Task, refusal: NonNullable<Submission['refusal']>): AppError {
    this.ports.registry.forget(task);
    this.sessionTasks.refused(task);
    if (refusal.type === 'refuse-budget') return this.sessionTasks.unaffordable(task, refusal.shortfall);
    return this.withoutRoom(task, refusal);
  }

  private withoutRoom(task: Task, { room, facts }: CommandOf<'refuse'>): AppError {
    const [outlook, caller, now] = [this.outlook(task.poolId), callerOf(task), this.ports.clock.now()];
    const retryMs = outlook.retryMs(caller, now);
    return roomRefusal(task, room, facts, { retryMs, isKept: outlook.keepsPlaceFor(caller, now) });
  }

  private accept({ key, position }: CommandOf<'accept'>): void {
    const task = this.task(key);
    task.promise = this.submission!.newcomer.accepted(task, position);
    this.ports.journal?.follow(task);
    this.deadlines.watch(task);
    this.sessionTasks.accepted(task);
    this.ports.telemetry.admitted(task);
  }

  /** A queue that stays nearly full lets the task go that it is least likely to serve in time. */
  private relieve(outlook: PoolOutlook, now: number): void {
    const hopeless = outlook.leastHopeful(now, ({ taskId }) => this.task(taskId as TaskKey));
    // Nobody who has read something is sent away.
    if (hopeless === undefined || this.task(hopeless.item.taskId as TaskKey).firstTokenAt !== undefined) return;
    this.ports.receipts.noteHopeless(hopeless, outlook.pool);
    this.on({ type: 'hopeless', key: hopeless.item.taskId as TaskKey });
  }

  private dispatch({ key, replicaId, epoch, lease, why }: CommandOf<'dispatch'>): void {
    const task = this.task(key);
    this.outlook(task.poolId).dispatched(task, this.ports.clock.now());
    this.failovers.dispatched(task);
    const replica = this.ports.pools.get(task.poolId)?.replicas.find(({ id }) => id === replicaId);
    this.runs.start(task, replica, { epoch, lease, why });
  }

  private requeue({ key, code, failover }: CommandOf<'requeue'>): void {
    const task = this.task(key);
    task.failedOver = true;
    this.outlook(task.poolId).requeued(task);
    this.deadlines.watch(task);
    if (failover !== undefined) return this.failovers.begin(task, code);
    if (task.firstTokenAt === undefined) task.moveTo('queued');
    task.requeued = true;
  }

  private suspend({ key, lease }: CommandOf<'suspend'>): void {
    const task = this.task(key);
    this.ports.preemption?.preempted(task, 'hard');
    this.runs.suspend(task, lease);
  }

  private finish(key: TaskKey, end: TaskEnd): void {
    const task = this.task(key);
    const { clock, registry, telemetry, journal } = this.ports;
    const outlook = this.outlook(task.poolId);
    task.endedAt = clock.now();
    task.endedMs = clock.epochMs();
    task.tokensIn = task.answer?.usage.promptTokens ?? (task.dispatchedAt === undefined ? 0 : task.promptTokens);
    const retryMs = end.type === 'evicted' ? outlook.retryMs(callerOf(task), clock.now()) : 0;
    const ending = endingOf(task, end, retryMs);
    this.sessionTasks.ended(task, end);
    this.failovers.ended(task, end);
    if (end.type === 'completed' || end.type === 'budget') this.runs.pulse(task, 'last');
    task.finishReason = ending.finishReason;
    task.error = ending.error;
    // Its last token was there when it was cut off.
    if (task.isCutOff && ending.state === 'completed') task.resume(task.endedAt);
    task.moveTo(ending.state);
    const lastFrame = frameText(task.log.upcomingSeq, ending.frame.type, JSON.stringify(ending.frame.data));
    if (journal === undefined) task.log.seal(lastFrame);
    else journal.end(task, lastFrame);
    this.deadlines.forget(task);
    outlook.ended(task);
    registry.retain(task);
    if (end.type === 'evicted') telemetry.evicted(task, end.policy);
    if (end.type === 'evicted' && end.preempted) this.ports.preemption?.preempted(task, 'soft');
    telemetry.ended(task, ending.frame, reasonOf(end));
  }

  private wallMsOf({ poolId }: Task): number {
    return this.ports.pools.get(poolId)!.config.timeouts.wall_ms;
  }

  private task(key: TaskKey): Task {
    return this.ports.registry.get(key)!;
  }
}

function reasonOf(end: TaskEnd): 'client' | 'disconnect' | 'watchdog' | undefined {
  if (end.type === 'cancelled') return end.reason;
  return end.type === 'timed-out' ? 'watchdog' : undefined;
}
