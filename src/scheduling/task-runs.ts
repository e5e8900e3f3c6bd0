import { EngineError } from '@llama-orch/plugin-sdk';
import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { type ErrorCode } from '../kernel/errors.js';
import { type Redactor } from '../observability/redactor.js';
import { Lease } from '../pools/lease.js';
import { type Pool } from '../pools/pool.js';
import { type Pools } from '../pools/pools.js';
import { type Replica } from '../pools/replica.js';
import { engineIdentity } from '../tasks/engine-identity.js';
import { wireInt64 } from '../tasks/engine-request.js';
import { type MetricsFrame, type StartedFrame, frameText } from '../tasks/frames.js';
import { type ReplicaStart } from '../sessions/session.js';
import { Run, type RunOutcome } from '../tasks/run.js';
import { type TaskTelemetry } from '../tasks/task-telemetry.js';
import { type Task } from '../tasks/task.js';
import { type LimitName, Watchdog } from '../tasks/watchdog.js';
import { type LeaseId, type SchedulerEvent } from './core/model.js';
import { type Failovers } from './failover/failovers.js';
import { type PoolOutlook } from './forecast/pool-outlook.js';
import { type PreemptionTelemetry } from './preemption-telemetry.js';
import { type SessionTasks } from './session-tasks.js';
import { type RateReports } from './rates/rate-reports.js';
import { codeOf, isEngineLoss } from './terminal.js';

export interface RunPorts {
  readonly clock: Clock;
  readonly pools: Pools;
  readonly telemetry: TaskTelemetry;
  readonly metricsMs: number;
  readonly preemption?: PreemptionTelemetry;
  /** What engines say may hold what they were given: keys, for one. Absent: it is passed on as it is. */
  readonly redactor?: Pick<Redactor, 'text'>;
}

/** The way back into the scheduler. */
export interface RunEvents {
  event(event: SchedulerEvent): void;
  outlook(task: Task): PoolOutlook;
  readonly rates: RateReports;
  readonly failovers: Failovers;
}

interface ActiveRun {
  readonly run: Run;
  readonly replica: Replica;
  readonly lease: Lease;
  readonly leaseId: LeaseId;
  cancelStuckTimer: CancelTimer;
  /** Set once its engine is gone. */
  cancelLostTimer: CancelTimer;
  /** Takes the slot back from an engine that is gone and has not said so. */
  abandon: (outcome: RunOutcome) => void;
}

const NOTHING_DUE = { cancelStuckTimer: () => {}, cancelLostTimer: () => {}, abandon: () => {} };

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
      return this.handBack(task, lease, { engineLost: true, message: lostBefore(task) });
    }
    const identity = engineIdentity(task.engine, replica.endpoint.model.ref, replica.description);
    if (task.firstTokenAt === undefined) task.answeredBy = identity;
    else if (identity !== task.answeredBy) {
      return this.handBack(task, lease, { engineLost: false, message: otherEngine(task) });
    }
    const giveBack = () => {
      const cost = task.promptTokens + task.tokensOut;
      this.events.event({ type: 'lease-released', lease, cost, now: this.ports.clock.now() });
    };
    const slot = new Lease(replica.id, epoch, replica.connection, replica.description, giveBack);
    const first = task.startedMs === undefined;
    this.recordDispatch(task, slot);
    this.events.rates.dispatched(lease, replica.id, this.ports.clock.now());
    this.ports.telemetry.dispatched(task, { why, first });
    // Its reader is told who goes on; the run itself numbers the frames that it makes.
    if (task.lost) this.pulse(task, 'paced');
    this.run(task, replica, slot, lease);
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

  /** The engine of this start is gone. Its runs end by themselves; those that do not are ended here. */
  replicaLost(replica: Replica): void {
    for (const active of this.active.values()) {
      if (active.replica !== replica || active.lease.epoch !== replica.epoch) continue;
      const { cancel_ms } = this.poolOf(active.run.task).config.timeouts;
      active.cancelLostTimer();
      active.cancelLostTimer = this.ports.clock.schedule(cancel_ms, () => this.abandon(active));
    }
  }

  /** Appends a metrics frame: when values changed, and once before the end if there was none. */
  pulse(task: Task, occasion: 'paced' | 'last'): void {
    if (task.firstTokenAt === undefined || task.log.closed) return;
    const last = this.lastPulse.get(task);
    if (occasion === 'last' && last !== undefined) return;
    const json = JSON.stringify(this.metricsFrame(task));
    if (json === last) return;
    this.lastPulse.set(task, json);
    task.log.append(frameText(task.log.upcomingSeq, 'metrics', json), 1);
  }

  private readonly lastPulse = new WeakMap<Task, string>();

  private run(task: Task, replica: Replica, slot: Lease, lease: LeaseId): void {
    const run = new Run(task, this.ports.clock, {
      onFirstToken: () => this.onFirstToken(task, slot, lease),
      onResumed: () => this.onResumed(task, slot),
      onDiverged: () => this.onDiverged(task, lease),
      onDelivered: () => this.sessionTasks.delivered(task),
      onProgress: (at) => replica.brought(at),
    });
    const active: ActiveRun = { run, replica, lease: slot, leaseId: lease, ...NOTHING_DUE };
    this.active.set(lease, active);
    if (task.request.workload === 'completion') replica.decodes.add(run);
    this.watchdog.watch(run, this.limitsOf(task));
    void this.follow(active);
  }

  private handBack(task: Task, lease: LeaseId, why: { engineLost: boolean; message: string }): void {
    if (task.firstTokenAt === undefined) task.moveTo('dispatched');
    this.runFailed(task, lease, { code: 'WORKER_RESET', ...why });
    this.events.event({ type: 'lease-released', lease, cost: 0, now: this.ports.clock.now() });
  }

  private runFailed(
    task: Task,
    lease: LeaseId,
    failure: { readonly code: ErrorCode; readonly message: string; readonly engineLost: boolean },
    stoodStill = false,
  ): void {
    const offer = failure.engineLost ? this.events.failovers.offerFor(task, stoodStill) : undefined;
    const failover = offer && { failover: offer };
    const now = this.ports.clock.now();
    this.events.event({ type: 'run-failed', key: task.key, lease, ...failure, ...failover, now });
  }

  private recordDispatch(task: Task, lease: Lease): void {
    const { clock } = this.ports;
    if (task.firstTokenAt === undefined) task.moveTo('dispatched');
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
    const { run, replica, lease, leaseId } = active;
    const abandoned = new Promise<RunOutcome>((resolve) => (active.abandon = resolve));
    try {
      const outcome = await Promise.race([run.execute(lease.engine, lease.description), abandoned]);
      this.report(active, outcome);
    } finally {
      active.cancelStuckTimer();
      active.cancelLostTimer();
      replica.decodes.delete(run);
      this.watchdog.forget(run);
      this.active.delete(leaseId);
      this.events.rates.ended(leaseId, undefined, this.ports.clock.now());
      lease.release();
    }
  }

  private abandon({ run, abandon }: ActiveRun): void {
    const error = new EngineError('reset', 'the engine was lost; send the task again', { reason: 'engine_lost' });
    const outcome: RunOutcome = run.stopped ? { type: 'stopped' } : { type: 'failed', error };
    run.stop();
    abandon(outcome);
  }

  private report({ run, replica, lease, leaseId }: ActiveRun, outcome: RunOutcome): void {
    if (outcome.type === 'stopped') return;
    const { task } = run;
    if (outcome.type === 'completed') {
      if (lease.epoch === replica.epoch) replica.brought(run.lastSignAt);
      task.answer = outcome.answer;
      this.events.rates.ended(leaseId, task.interrupted ? undefined : task.tokensOut, this.ports.clock.now());
      const used = this.sessionTasks.wholeUse(task);
      return this.events.event({ type: 'run-completed', key: task.key, lease: leaseId, ...used });
    }
    const engineLost = isEngineLoss(outcome.error.code);
    const error = (engineLost ? lossOf(replica, lease.epoch) : undefined) ?? outcome.error;
    if (engineLost) task.lostRunMs += this.ports.clock.now() - run.startedAt;
    const message = this.ports.redactor?.text(error.message) ?? error.message;
    const failure = { code: codeOf(error.code), message, engineLost };
    this.runFailed(task, leaseId, failure, run.stoodStill);
    if (engineLost) this.ports.pools.suspect(lease.replicaId, { epoch: lease.epoch, error });
  }

  private onFirstToken(task: Task, { replicaId: id, epoch, description }: Lease, lease: LeaseId): void {
    task.moveTo('streaming');
    const read = isWarm(task, { id, epoch }) ? undefined : task.promptTokens;
    this.events.rates.firstToken(lease, read, this.ports.clock.now());
    this.events.outlook(task).firstToken(task);
    this.events.event({ type: 'first-token', key: task.key });
    this.sessionTasks.firstToken(task, { id, epoch }, description.slots);
    this.ports.telemetry.firstToken(task);
  }

  private onResumed(task: Task, { replicaId: id, epoch, description }: Lease): void {
    if (task.suspended) this.ports.preemption?.resumed(task);
    this.events.failovers.resumed(task);
    task.resume(this.ports.clock.now());
    this.events.event({ type: 'first-token', key: task.key });
    this.sessionTasks.firstToken(task, { id, epoch }, description.slots);
  }

  /** Two runs that should have been equal were not; what the reader has is never spliced with something else. */
  private onDiverged(task: Task, lease: LeaseId): void {
    const [code, why] = task.lost
      ? (['WORKER_RESET', 'the engine was lost, and another run did not repeat its answer'] as const)
      : (['INTERNAL', 'the engine did not repeat its answer after a suspension'] as const);
    this.events.failovers.diverged(task);
    this.runFailed(task, lease, { code, message: `${why}; send the task again`, engineLost: false });
    this.stop(lease);
  }

  private onLimit(run: Run, limit: LimitName): void {
    const silent = [...this.active.values()].find((active) => active.run === run);
    if (silent !== undefined && limit !== 'wall') silent.replica.cutOff++;
    this.events.event({ type: 'watchdog-fired', key: run.task.key, limit, now: this.ports.clock.now() });
  }

  private metricsFrame(task: Task): MetricsFrame {
    const outlook = this.events.outlook(task);
    const gpu = this.poolOf(task).replicas.find(({ id }) => id === task.replicaId)?.gpus ?? [];
    return {
      queue_depth: outlook.pool.queue.size,
      on_time_probability: Math.round(outlook.onTime(task, this.ports.clock.now()) * 1000) / 1000,
      tokens_out: task.tokensOut,
      replica_id: task.replicaId ?? '',
      ...(task.requeued ? { requeued: true } : {}),
      ...(task.failovers > 0 ? { failover: true } : {}),
      ...(task.preempted ? { preempted: true, resumable: true } : {}),
      ...(gpu.length > 0 ? { gpu } : {}),
      ...this.sessionTasks.frameMembers(task),
    };
  }

  private limitsOf(task: Task) {
    const { wall_ms, idle_ms, first_token_ms } = this.poolOf(task).config.timeouts;
    return {
      wallMs: wall_ms - task.lostRunMs,
      idleMs: idle_ms,
      firstTokenMs: first_token_ms,
      metricsMs: this.ports.metricsMs,
    };
  }

  private poolOf(task: Task) {
    return this.ports.pools.get(task.poolId)!;
  }
}

function lostBefore({ poolId }: Task): string {
  return `the replica of pool ${poolId} was lost before it took the task; send the task again`;
}

function otherEngine({ poolId }: Task): string {
  return `pool ${poolId} serves another model or engine than the one that began the answer; send the task again`;
}

/** An engine that was ended by force says of its runs that it was closed; what counts is why. */
function lossOf({ epoch, lastError, state }: Replica, ofEpoch: number): EngineError | undefined {
  const isLost = epoch !== ofEpoch || state === 'backoff' || state === 'failed';
  if (!isLost || lastError === undefined) return undefined;
  return new EngineError('reset', `the engine was lost: ${lastError.message}; send the task again`);
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

/** The cache of its session makes the prompt shorter than it is, by nobody knows how much. */
function isWarm({ session }: Task, { id, epoch }: ReplicaStart): boolean {
  return session?.warmOn?.id === id && session.warmOn.epoch === epoch;
}

/** Equal runs give equal tokens here, and a run can end between any two of them. */
export function isInterruptible({ description }: Replica): boolean {
  return description?.determinism === 'exact' && description.features.interruptibleDecode === true;
}
