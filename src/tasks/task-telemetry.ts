import { type AppError, type ErrorCode } from '../kernel/errors.js';
import { type LogFields, type Logger } from '../observability/logger.js';
import { type Metrics } from '../observability/metrics.js';
import { remainingOf } from '../sessions/tariff.js';
import { wireInt64 } from './engine-request.js';
import { type TerminalFrame } from './frames.js';
import { type Task } from './task.js';

/** Hears of tasks in the turn in which it happens. */
export interface TaskListener {
  firstToken?(task: Task): void;
  /** The task has reached its last state. */
  ended?(task: Task): void;
}

/** Writes what happens to tasks into metrics and log, and tells those who listen. Called per task, never per token. */
export class TaskTelemetry {
  private readonly listeners: TaskListener[] = [];

  constructor(
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  /** From now on the listener hears of every task. */
  addListener(listener: TaskListener): void {
    this.listeners.push(listener);
  }

  admitted(task: Task): void {
    this.metrics.tasksEnqueued.inc({ ...series(task), replica_id: '', priority: task.request.priority });
    this.log('admission', 'task admitted', task, {
      queue_position: task.promise.queuePosition,
      predicted_start_ms: task.promise.predictedStartMs,
      user_agent: task.request.provenance.userAgent,
      client_name: task.request.provenance.clientName,
    });
  }

  refused(engine: string | null, error: AppError, fields: LogFields): void {
    this.metrics.tasksRejected.inc({ engine: engine ?? '', reason: error.code });
    const { policy_label } = error.members;
    const fromQueue = error.code === 'ADMISSION_REJECT' || error.code === 'QUEUE_FULL_DROP_LRU';
    if (policy_label !== undefined && fromQueue)
      this.metrics.backpressure.inc({ engine: engine ?? '', policy: policy_label });
    this.logger.info('rejected', error.message, { ...fields, engine, reason: error.code });
  }

  /** `first` is false when a lost engine sent the task round again: it has started once. */
  dispatched(task: Task, { why, first }: { readonly why: string; readonly first: boolean }): void {
    const { priority } = task.request;
    if (first) {
      this.metrics.tasksStarted.inc({ ...series(task), priority });
      this.metrics.queueWait.observe({ pool_id: task.poolId, priority }, queueMs(task) / 1000);
    }
    this.log('dispatched', 'task dispatched', task, {
      queue_time_ms: queueMs(task),
      queue_position: task.promise.queuePosition,
      predicted_start_ms: task.promise.predictedStartMs,
      placement: { replica_id: task.replicaId, reason: why },
    });
  }

  firstToken(task: Task): void {
    const ms = Math.round(task.firstTokenAt! - task.request.receivedAt);
    this.metrics.latencyFirstToken.observe({ ...poolSeries(task), priority: task.request.priority }, ms);
    this.log('first_token', 'first token', task, { first_token_ms: ms });
    for (const listener of this.listeners) listener.firstToken?.(task);
  }

  ended(task: Task, terminal: TerminalFrame, reason: 'client' | 'disconnect' | 'watchdog' | undefined): void {
    const { metrics } = this;
    metrics.streamTerminal.inc({ kind: terminal.type });
    if (task.tokensIn > 0) metrics.tokensIn.inc(series(task), task.tokensIn);
    if (task.tokensOut > 0) metrics.tokensOut.inc(series(task), task.tokensOut);
    if (task.firstTokenAt !== undefined) {
      metrics.latencyDecode.observe(
        { ...poolSeries(task), priority: task.request.priority },
        task.decodeMs(task.endedAt!),
      );
    }
    if (reason !== undefined) metrics.tasksCanceled.inc({ ...series(task), reason });
    this.log(task.state === 'cancelled' ? 'cancelled' : 'ended', `task ${task.state}`, task, {
      queue_time_ms: queueMs(task),
      decode_time_ms: task.decodeMs(task.endedAt!),
      tokens_in: task.tokensIn,
      tokens_out: task.tokensOut,
      finish_reason: task.finishReason,
      reason: task.error?.code,
    });
    for (const listener of this.listeners) listener.ended?.(task);
  }

  /** It waits in another pool, because the one that had it is taken out of service, or lost its engine. */
  moved(task: Task, from: string): void {
    this.log(task.lost ? 'failover' : 'drain', `task moved from pool ${from}`, task, {});
  }

  /** Its engine was lost after its first token, and its answer is to go on elsewhere. */
  lost(task: Task, code: ErrorCode): void {
    this.log('failover', 'engine lost, another run is to go on', task, {
      reason: code,
      tokens_out: task.tokensOut,
      failovers: task.failovers,
    });
  }

  /** What became of that: `diverged`, another run said something else; `abandoned`, nobody wanted the rest. */
  failedOver(task: Task, result: 'continued' | 'diverged' | 'failed' | 'abandoned'): void {
    this.metrics.failovers.inc({ pool_id: task.poolId, result });
    this.log('failover', `answer ${result}`, task, { tokens_out: task.tokensOut, failovers: task.failovers });
  }

  evicted(task: Task, policy: string): void {
    this.metrics.tasksEvicted.inc({ policy });
    this.metrics.backpressure.inc({ engine: task.engine, policy });
    this.metrics.tasksRejected.inc({ engine: task.engine, reason: 'QUEUE_FULL_DROP_LRU' });
    this.log('evicted', `task evicted by ${policy}`, task, {});
  }

  private log(event: string, message: string, task: Task, fields: LogFields): void {
    this.logger.info(event, message, { ...taskFields(task), ...fields });
  }
}

/** The fields of every log line about a task. */
function taskFields(task: Task): LogFields {
  const { request, session } = task;
  return {
    correlation_id: request.correlationId,
    job_id: request.id,
    session_id: request.sessionId ?? undefined,
    client_id: request.clientId ?? undefined,
    tenant_id: request.tenantId,
    engine: task.engine,
    engine_version: task.engineVersion,
    pool_id: task.poolId,
    replica_id: task.replicaId,
    model_id: task.modelId,
    model_digest: task.modelDigest,
    ctx: request.ctx,
    sampler_profile_version: request.samplerProfileVersion,
    seed: wireInt64(request.seed),
    priority: request.priority,
    deadline_ms: request.deadlineMs,
    kv_warmth: session?.kvWarmth,
    ...(session?.account === undefined ? {} : remainingOf(session.account)),
  };
}

function series(task: Task) {
  return {
    engine: task.engine,
    engine_version: task.engineVersion ?? '',
    pool_id: task.poolId,
    replica_id: task.replicaId ?? '',
  };
}

function poolSeries(task: Task) {
  return { engine: task.engine, engine_version: task.engineVersion ?? '', pool_id: task.poolId };
}

function queueMs(task: Task): number {
  return Math.round((task.dispatchedAt ?? task.endedAt ?? task.request.receivedAt) - task.request.receivedAt);
}
