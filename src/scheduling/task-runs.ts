import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { Lease } from '../pools/lease.js';
import { type Pool } from '../pools/pool.js';
import { type Pools } from '../pools/pools.js';
import { type Replica } from '../pools/replica.js';
import { wireInt64 } from '../tasks/engine-request.js';
import { type MetricsFrame, type StartedFrame, frameText } from '../tasks/frames.js';
import { Run, type RunOutcome } from '../tasks/run.js';
import { type TaskTelemetry } from '../tasks/task-telemetry.js';
import { type Task } from '../tasks/task.js';
import { type LimitName, Watchdog } from '../tasks/watchdog.js';
import { type LeaseId, type SchedulerEvent } from './core/model.js';
import { type PoolOutlook } from './forecast/pool-outlook.js';
import { type PreemptionTelemetry } from './preemption-telemetry.js';
import { type SessionTasks } from './session-tasks.js';
import { codeOf, isEngineLoss } from './terminal.js';

export interface RunPorts {
  readonly clock: Clock;
  readonly pools: Pools;
  readonly telemetry: TaskTelemetry;
  readonly metricsMs: number;
  /** Running tasks may be suspended: `preemption.mode` is `hard`. */
  readonly suspends: boolean;
  readonly preemption?: PreemptionTelemetry;
}

/** The way back into the scheduler. */
export interface RunEvents {
  event(event: SchedulerEvent): void;
  outlook(task: Task): PoolOutlook;
}

interface ActiveRun {
  readonly run: Run;
  readonly lease: Lease;
  readonly leaseId: LeaseId;
  cancelStuckTimer: CancelTimer;
}

/** Carries out dispatches: one run per lease, watched, and the lease given back in one place. */
export class TaskRuns {
  private readonly active = new Map<LeaseId, ActiveRun>();
  private readonly watchdog: Watchdog;

  constructor(
    private readonly ports: RunPorts,
    private readonly sessionTasks: SessionTasks,
    private readonly events: RunEvents,
  ) {
    this.watchdog = new Watchdog(ports.clock, {
      onLimit: (run, limit) => this.onLimit(run, limit),
      onPulse: (run) => this.pulse(run.task, 'paced'),
      onLook: (run) => this.sessionTasks.look(run.task),
    });
  }

  /** Starts the engine on a task. `replica` is undefined when it vanished in the same turn: the task is then handed back. */
  start(
    task: Task,
    replica: Replica | undefined,
    { epoch, lease, why }: { epoch: number; lease: LeaseId; why: string },
  ): void {
    if (replica?.connection === undefined || replica.description === undefined || replica.epoch !== epoch) {
      this.handBack(task, lease);
      return;
    }
    const giveBack = () => {
      const cost = task.promptTokens + task.tokensOut;
      this.events.event({ type: 'lease-released', lease, cost, now: this.ports.clock.now() });
    };
    const slot = new Lease(replica.id, epoch, replica.connection, replica.description, giveBack);
    const first = task.startedMs === undefined;
    if (this.isRepeatable(replica)) task.delivered ??= [];
    this.recordDispatch(task, slot);
    this.ports.telemetry.dispatched(task, { why, first });
    const run = new Run(task, this.ports.clock, {
      onFirstToken: () => this.onFirstToken(task, slot),
      onResumed: () => this.onResumed(task),
      onDelivered: () => this.sessionTasks.delivered(task),
      onProgress: (at) => (replica.lastTokenAt = at),
    });
    const active: ActiveRun = { run, lease: slot, leaseId: lease, cancelStuckTimer: () => {} };
    this.active.set(lease, active);
    this.watchdog.watch(run, this.limitsOf(task));
    void this.follow(active);
  }

  /** Cuts a run off between two tokens; its task goes on with another run. */
  suspend(task: Task, lease: LeaseId): void {
    this.stop(lease);
    if (task.state === 'dispatched') return task.moveTo('queued');
    // It may be cut off again while it still repeats what its reader has.
    if (task.state === 'preempted') return;
    task.suspend(this.ports.clock.now());
    this.pulse(task, 'paced');
  }

  /** Aborts a run; a slot that does not come back costs the engine its life. */
  stop(lease: LeaseId): void {
    const active = this.active.get(lease);
    if (active === undefined) return;
    active.run.stop();
    const { task } = active.run;
    const cancelMs = this.poolOf(task).config.timeouts.cancel_ms;
    active.cancelStuckTimer = this.ports.clock.schedule(cancelMs, () => {
      const { replicaId, epoch } = active.lease;
      this.ports.pools.giveUp(
        replicaId,
        epoch,
        `the engine did not give a slot back within ${cancelMs} ms of a cancel`,
      );
    });
  }

  /** Appends a metrics frame: when values changed, and once before the end if there was none. */
  pulse(task: Task, occasion: 'paced' | 'last'): void {
    if (task.firstTokenAt === undefined || task.log.sealed) return;
    const last = this.lastPulse.get(task);
    if (occasion === 'last' && last !== undefined) return;
    const json = JSON.stringify(this.metricsFrame(task));
    if (json === last) return;
    this.lastPulse.set(task, json);
    task.log.append(frameText(task.log.upcomingSeq, 'metrics', json), 1);
  }

  private readonly lastPulse = new WeakMap<Task, string>();

  private handBack(task: Task, lease: LeaseId): void {
    const { clock } = this.ports;
    if (task.state !== 'preempted') task.moveTo('dispatched');
    const message = `the replica of pool ${task.poolId} was lost before it took the task; send the task again`;
    const event = {
      type: 'run-failed',
      key: task.key,
      lease,
      code: 'WORKER_RESET',
      message,
      engineLost: true,
      now: clock.now(),
    } as const;
    this.events.event(event);
    this.events.event({ type: 'lease-released', lease, cost: 0, now: clock.now() });
  }

  private recordDispatch(task: Task, lease: Lease): void {
    const { clock } = this.ports;
    if (task.state !== 'preempted') task.moveTo('dispatched');
    task.replicaId = lease.replicaId;
    task.engineVersion = lease.description.engineVersion;
    task.modelDigest = lease.description.modelDigest;
    task.dispatchedAt = clock.now();
    task.startedMs ??= clock.epochMs();
    const warm = this.sessionTasks.dispatched(task, { id: lease.replicaId, epoch: lease.epoch });
    // A second dispatch is unseen: `started` is the first frame, exactly once.
    if (task.log.lastSeq > 0) return;
    const frame = startedFrame(task, lease, this.poolOf(task));
    task.log.append(frameText(1, 'started', JSON.stringify({ ...frame, kv_warmth: warm })), 1);
  }

  private async follow(active: ActiveRun): Promise<void> {
    const { run, lease, leaseId } = active;
    try {
      const outcome = await run.execute(lease.engine, lease.description);
      this.report(run.task, leaseId, lease, outcome);
    } finally {
      active.cancelStuckTimer();
      this.watchdog.forget(run);
      this.active.delete(leaseId);
      lease.release();
    }
  }

  private report(task: Task, leaseId: LeaseId, lease: Lease, outcome: RunOutcome): void {
    if (outcome.type === 'stopped') return;
    if (outcome.type === 'completed') {
      task.answer = outcome.answer;
      const used = this.sessionTasks.wholeUse(task);
      return this.events.event({ type: 'run-completed', key: task.key, lease: leaseId, ...used });
    }
    const { code, message } = outcome.error;
    const engineLost = isEngineLoss(code);
    const now = this.ports.clock.now();
    this.events.event({
      type: 'run-failed',
      key: task.key,
      lease: leaseId,
      code: codeOf(code),
      message,
      engineLost,
      now,
    });
    if (engineLost) this.ports.pools.suspect(lease.replicaId);
  }

  private onFirstToken(task: Task, { replicaId: id, epoch, description }: Lease): void {
    task.moveTo('streaming');
    this.events.outlook(task).firstToken(task);
    this.events.event({ type: 'first-token', key: task.key });
    this.sessionTasks.firstToken(task, { id, epoch }, description.slots);
    this.ports.telemetry.firstToken(task);
  }

  private onResumed(task: Task): void {
    task.resume(this.ports.clock.now());
    this.events.event({ type: 'first-token', key: task.key });
    this.ports.preemption?.resumed(task);
  }

  /** Whether a run on this replica may be cut off: then what its reader has is kept, so that it can be checked. */
  private isRepeatable(replica: Replica): boolean {
    return this.ports.suspends && isInterruptible(replica);
  }

  private onLimit(run: Run, limit: LimitName): void {
    this.events.event({ type: 'watchdog-fired', key: run.task.key, limit, now: this.ports.clock.now() });
  }

  private metricsFrame(task: Task): MetricsFrame {
    const outlook = this.events.outlook(task);
    return {
      queue_depth: outlook.pool.queue.size,
      on_time_probability: Math.round(outlook.onTime(task, this.ports.clock.now()) * 1000) / 1000,
      tokens_out: task.tokensOut,
      replica_id: task.replicaId ?? '',
      ...(task.requeued ? { requeued: true } : {}),
      ...(task.preempted ? { preempted: true, resumable: true } : {}),
      ...this.sessionTasks.frameMembers(task),
    };
  }

  private limitsOf(task: Task) {
    const { wall_ms, idle_ms, first_token_ms } = this.poolOf(task).config.timeouts;
    return { wallMs: wall_ms, idleMs: idle_ms, firstTokenMs: first_token_ms, metricsMs: this.ports.metricsMs };
  }

  private poolOf(task: Task) {
    return this.ports.pools.get(task.poolId)!;
  }
}

function startedFrame(task: Task, lease: Lease, { determinism }: Pool): StartedFrame {
  const { request, promise } = task;
  const { description } = lease;
  return {
    queue_position: promise.queuePosition,
    predicted_start_ms: promise.predictedStartMs,
    queue_time_ms: Math.round(task.dispatchedAt! - request.receivedAt),
    engine: task.engine,
    engine_version: description.engineVersion,
    model_digest: description.modelDigest ?? null,
    pool_id: task.poolId,
    replica_id: lease.replicaId,
    ...(task.promptSize.counted ? { prompt_tokens: task.promptTokens } : {}),
    seed: wireInt64(request.seed),
    sampler_profile_version: request.samplerProfileVersion,
    determinism,
  };
}

/** Equal runs give equal tokens here, and a run can end between any two of them. */
export function isInterruptible({ description }: Replica): boolean {
  return description?.determinism === 'exact' && description.features.interruptibleDecode === true;
}
