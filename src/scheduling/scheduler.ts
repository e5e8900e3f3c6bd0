import { type PriorityClass, type QueueItem } from '@llama-orch/plugin-sdk';
import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/errors.js';
import { type PoolId, type TaskKey } from '../kernel/ids.js';
import { type Random } from '../kernel/random.js';
import { type PoolListener } from '../pools/pool-events.js';
import { type Pool } from '../pools/pool.js';
import { type Pools } from '../pools/pools.js';
import { type Replica } from '../pools/replica.js';
import { frameText } from '../tasks/frames.js';
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
import { type Estimate, type Rates } from './estimator.js';
import { PoolOutlook, workpieceOf } from './pool-outlook.js';
import { TaskRuns } from './task-runs.js';
import { endingOf } from './terminal.js';

type CommandOf<Type extends SchedulerCommand['type']> = Extract<SchedulerCommand, { type: Type }>;

export interface SchedulerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly pools: Pools;
  readonly registry: TaskRegistry;
  readonly telemetry: TaskTelemetry;
  readonly metricsMs: number;
  readonly onDeadline: 'stop' | 'finish';
}

/** A pool and the speeds that are assumed of it until it has been measured. */
export interface ScheduledPool {
  readonly pool: CorePool;
  readonly rates: Rates;
}

/** What a submit waits for while its event is taken. */
interface Submission {
  readonly startAfter: (position: number) => Estimate;
  refusal: CommandOf<'refuse'> | undefined;
}

const AT_ONCE: Estimate = { p50: 0, p90: 0 };

/** Feeds events to the core and carries out its commands, in their order and in the same turn. */
export class Scheduler implements PoolListener {
  private state: SchedulerState = emptyState();
  private readonly outlooks = new Map<PoolId, PoolOutlook>();
  private readonly deadlines = new Map<TaskKey, CancelTimer>();
  private readonly runs: TaskRuns;
  private readonly pending: SchedulerEvent[] = [];
  private carryingOut = false;
  private submission: Submission | undefined;
  private whenIdle: (() => void) | undefined;

  constructor(
    private readonly ports: SchedulerPorts,
    pools: readonly ScheduledPool[],
  ) {
    for (const { pool, rates } of pools) {
      this.state.pools.set(pool.id, pool);
      this.outlooks.set(pool.id, new PoolOutlook(pool, rates, ports.random));
    }
    this.runs = new TaskRuns(ports, {
      event: (event) => this.on(event),
      outlook: (task) => this.outlook(task.poolId),
    });
  }

  /**
   * Puts a task into its pool's queue, or starts it.
   * @throws AppError 429 when the queue has no room; nothing is recorded then
   */
  submit(task: Task): Promise202 {
    const now = this.ports.clock.now();
    const outlook = this.outlook(task.poolId);
    const free = outlook.hasFreeSlot;
    if (free) outlook.foundRoom();
    const submission: Submission = {
      startAfter: (position) => (free ? AT_ONCE : outlook.startAfter(position, now)),
      refusal: undefined,
    };
    this.submission = submission;
    this.ports.registry.add(task);
    this.on({ type: 'submitted', key: task.key, poolId: task.poolId, item: itemOf(task, now, outlook), now });
    if (submission.refusal !== undefined) throw this.refused(task, submission.refusal);
    return task.promise;
  }

  /** Ends a task; harmless when it has ended. The terminal frame stands in the log when this returns. */
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
    const slots = replica.description?.slots ?? 0;
    const { id: replicaId, epoch } = replica;
    const { labels } = pool.config;
    this.on({ type: 'replica-ready', poolId: pool.id, replicaId, epoch, slots, labels, now: this.ports.clock.now() });
  }

  replicaLost(pool: Pool, replica: Replica): void {
    this.on({ type: 'replica-unready', poolId: pool.id, replicaId: replica.id });
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
    if (this.state.tasks.size === 0) this.whenIdle?.();
  }

  private take(event: SchedulerEvent): void {
    const [state, commands] = step(this.state, event);
    this.state = state;
    for (const command of commands) this.carryOut(command);
  }

  private carryOut(command: SchedulerCommand): void {
    switch (command.type) {
      case 'refuse':
        this.submission!.refusal = command;
        return;
      case 'accept':
        return this.accept(command);
      case 'dispatch':
        return this.dispatch(command);
      case 'requeue':
        return this.requeue(command);
      case 'stop':
        return this.runs.stop(command.lease);
      case 'finish':
        return this.finish(command.key, command.end);
    }
  }

  private refused(task: Task, { code, policy }: CommandOf<'refuse'>): AppError {
    const { clock, registry, pools } = this.ports;
    registry.forget(task);
    const outlook = this.outlook(task.poolId);
    const retryMs = outlook.retryMs(clock.now());
    return new AppError(
      code,
      `queue of pool ${task.poolId} is full (${limitOf(task, outlook)}); retry in ${retryMs} ms`,
      {
        members: {
          engine: pools.get(task.poolId)?.engine ?? null,
          pool_id: task.poolId,
          retry_after_ms: retryMs,
          policy_label: policy,
        },
      },
    );
  }

  private accept({ key, position }: CommandOf<'accept'>): void {
    const task = this.task(key);
    const { clock, telemetry } = this.ports;
    const outlook = this.outlook(task.poolId);
    const start = this.submission!.startAfter(position);
    outlook.enqueued(task);
    task.promise = {
      queuePosition: position,
      predictedStartMs: start.p50,
      predictedStartP90Ms: start.p90,
      backoffMs: outlook.backoffMs(clock.now()),
    };
    this.watchDeadline(task);
    telemetry.admitted(task);
  }

  private watchDeadline(task: Task): void {
    const { clock, onDeadline } = this.ports;
    if (task.deadlineAt === undefined) return;
    this.deadlines.get(task.key)?.();
    const late = () => {
      if (task.state !== 'queued' && onDeadline === 'finish') return;
      this.on({ type: 'deadline-passed', key: task.key, now: clock.now() });
    };
    this.deadlines.set(task.key, clock.schedule(task.deadlineAt - clock.now(), late));
  }

  private dispatch({ key, replicaId, epoch, lease, why }: CommandOf<'dispatch'>): void {
    const task = this.task(key);
    this.outlook(task.poolId).dispatched(task);
    const replica = this.ports.pools.get(task.poolId)?.replicas.find(({ id }) => id === replicaId);
    this.runs.start(task, replica, { epoch, lease, why });
  }

  private requeue({ key }: CommandOf<'requeue'>): void {
    const task = this.task(key);
    task.moveTo('queued');
    task.requeued = true;
    this.outlook(task.poolId).requeued(task);
    // While it ran its deadline may have passed without an effect; a waiting task may not miss it.
    this.watchDeadline(task);
  }

  private finish(key: TaskKey, end: TaskEnd): void {
    const task = this.task(key);
    const { clock, registry, telemetry } = this.ports;
    const outlook = this.outlook(task.poolId);
    task.endedAt = clock.now();
    task.endedMs = clock.epochMs();
    task.tokensIn = task.answer?.usage.promptTokens ?? (task.dispatchedAt === undefined ? 0 : task.promptTokens);
    const retryMs = end.type === 'evicted' ? outlook.retryMs(clock.now()) : 0;
    const ending = endingOf(task, end, retryMs);
    if (end.type === 'completed') this.runs.pulse(task, 'last');
    task.finishReason = ending.finishReason;
    task.error = ending.error;
    task.moveTo(ending.state);
    task.log.seal(frameText(task.log.upcomingSeq, ending.frame.type, JSON.stringify(ending.frame.data)));
    this.deadlines.get(key)?.();
    this.deadlines.delete(key);
    outlook.ended(task);
    registry.retain(task);
    if (end.type === 'evicted') telemetry.evicted(task, end.policy);
    telemetry.ended(task, ending.frame, reasonOf(end));
  }

  private task(key: TaskKey): Task {
    return this.ports.registry.get(key)!;
  }
}

/** The limit that a refused task met: that of the pool, or of its class alone. */
function limitOf({ request }: Task, { pool }: PoolOutlook): string {
  const { priority } = request;
  if (pool.queue.size >= pool.capacity) return String(pool.capacity);
  return `${pool.classCapacity[priority]} for ${priority}`;
}

function itemOf(task: Task, now: number, outlook: PoolOutlook): QueueItem {
  const { request, deadlineAt } = task;
  return {
    taskId: task.key,
    priority: request.priority,
    enqueuedAt: now,
    tenantId: request.tenantId,
    cost: task.promptTokens + outlook.estimator.outputTokens(workpieceOf(task)).p50,
    ...(request.sessionId === null ? {} : { sessionId: request.sessionId }),
    ...(deadlineAt === undefined ? {} : { deadlineAt }),
  };
}

function reasonOf(end: TaskEnd): 'client' | 'disconnect' | 'watchdog' | undefined {
  if (end.type === 'cancelled') return end.reason;
  return end.type === 'timed-out' ? 'watchdog' : undefined;
}
