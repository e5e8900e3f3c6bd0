import { type Task as TaskBody } from '@llama-orch/client';
import { type Clock } from '../kernel/clock.js';
import { type Scheduler } from '../scheduling/scheduler.js';
import { wireInt64 } from '../tasks/engine-request.js';
import { type TaskLog } from '../tasks/task-log.js';
import { type Task } from '../tasks/task.js';

/** A task as GET /v1/tasks/{id} tells it; the prediction of a waiting task is a fresh one. */
export function taskView(task: Task, scheduler: Scheduler, clock: Clock): TaskBody {
  const { request } = task;
  const now = clock.now();
  const position = task.state === 'queued' ? scheduler.positionOf(task) : undefined;
  const start =
    position === undefined
      ? undefined
      : scheduler.outlook(task.poolId).startAfter(position, now, task.request.priority);
  return {
    task_id: request.id,
    session_id: request.sessionId,
    state: task.state,
    priority: request.priority,
    workload: request.workload,
    model_ref: request.modelRef,
    engine: task.engine,
    engine_version: task.engineVersion ?? null,
    pool_id: task.poolId,
    replica_id: task.replicaId ?? null,
    model_digest: task.modelDigest ?? null,
    seed: wireInt64(request.seed),
    queue_position: position ?? null,
    predicted_start_ms: start?.p50 ?? null,
    predicted_start_p90_ms: start?.p90 ?? null,
    prompt_tokens: task.promptTokens,
    max_tokens: request.maxTokens,
    expected_tokens: request.expectedTokens ?? null,
    tokens_out: task.tokensOut,
    decode_ms: task.decodeMs(now),
    finish_reason: task.finishReason ?? null,
    error: errorOf(task),
    created_ms: request.createdMs,
    started_ms: task.startedMs ?? null,
    ended_ms: task.endedMs ?? null,
    deadline_at_ms: request.deadlineMs === undefined ? null : request.createdMs + request.deadlineMs,
    correlation_id: request.correlationId,
    transcript: task.transcript ?? null,
  };
}

/** What a reader gets whose place in the log is gone. `storedText` stands in for a text that the log does not hold. */
export function snapshotOf(task: Task, log: TaskLog, storedText?: string): Readonly<Record<string, unknown>> {
  const { told } = log;
  return {
    task_id: task.request.id,
    state: task.state,
    text: storedText ?? told.text,
    next_seq: told.nextSeq,
    ...(log.epoch === undefined ? {} : { epoch: log.epoch }),
    finish_reason: task.finishReason ?? null,
    error: errorOf(task),
    transcript: task.transcript ?? null,
  };
}

function errorOf(task: Task): TaskBody['error'] {
  const { error } = task;
  if (error === undefined) return null;
  const { retry_after_ms, policy_label } = error.members;
  return {
    code: error.code,
    message: error.message,
    engine: task.engine,
    pool_id: task.poolId,
    retriable: error.retriable,
    correlation_id: task.request.correlationId,
    ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
    ...(policy_label === undefined ? {} : { policy_label }),
  };
}
