import { type EngineErrorCode } from '@llama-orch/plugin-sdk';
import { AppError, type ErrorCode, type ErrorMembers } from '../kernel/errors.js';
import { type EndFrame, type FinishReason, type TerminalFrame, usageMembers } from '../tasks/frames.js';
import { type TaskState } from '../tasks/task-state.js';
import { type Task } from '../tasks/task.js';
import { type TaskEnd } from './core/model.js';

/** How a task ends, as its record and its last frame tell it. */
export interface Ending {
  readonly state: TaskState;
  readonly frame: TerminalFrame;
  readonly finishReason: FinishReason | undefined;
  readonly error: AppError | undefined;
}

/** The ending that belongs to a decision of the scheduler. */
export function endingOf(task: Task, end: TaskEnd, retryAfterMs: number): Ending {
  switch (end.type) {
    case 'completed':
      return finished(task, task.answer?.finish ?? 'stop', 'completed');
    case 'budget':
      return finished(task, 'budget', 'completed');
    case 'cancelled':
      return finished(task, 'cancelled', 'cancelled');
    case 'evicted':
      return failed(
        task,
        'evicted',
        'QUEUE_FULL_DROP_LRU',
        `the task was evicted from the full queue of pool ${task.poolId}; send it again in ${retryAfterMs} ms`,
        {
          retry_after_ms: retryAfterMs,
          policy_label: end.policy,
        },
      );
    case 'expired':
      return failed(
        task,
        'expired',
        'DEADLINE_UNMET',
        `the deadline of ${task.request.deadlineMs} ms passed while the task was ${end.phase}; give it more time`,
      );
    case 'timed-out':
      return failed(task, 'failed', 'DECODE_TIMEOUT', TIMEOUT_MESSAGES[end.limit]);
    case 'failed':
      return failed(task, 'failed', end.code, end.message);
  }
}

const TIMEOUT_MESSAGES = {
  wall: 'the task ran longer than timeouts.wall_ms of its pool; lower max_tokens or raise the limit',
  idle: 'the engine was silent for longer than timeouts.idle_ms of its pool; send the task again',
  'first-token': 'no token came within timeouts.first_token_ms of its pool; send the task again',
} as const;

function finished(task: Task, reason: FinishReason, state: 'completed' | 'cancelled'): Ending {
  const answer = state === 'completed' ? task.answer : undefined;
  const data: EndFrame = {
    tokens_out: task.tokensOut,
    decode_ms: task.decodeMs(task.endedAt!),
    finish_reason: reason,
    ...(answer === undefined ? {} : { usage: usageMembers(answer.usage) }),
    ...(answer?.output === undefined ? {} : { output: answer.output }),
  };
  return { state, frame: { type: 'end', data }, finishReason: reason, error: undefined };
}

function failed(task: Task, state: TaskState, code: ErrorCode, message: string, members: ErrorMembers = {}): Ending {
  const error = new AppError(code, message, { members: { ...members, engine: task.engine, pool_id: task.poolId } });
  const data = {
    code,
    message,
    engine: task.engine,
    pool_id: task.poolId,
    retriable: error.retriable,
    correlation_id: task.request.correlationId,
    ...members,
  };
  return { state, frame: { type: 'error', data }, finishReason: undefined, error };
}

const FROM_ENGINE: Readonly<Record<EngineErrorCode, ErrorCode>> = {
  'deadline-unmet': 'DEADLINE_UNMET',
  unavailable: 'POOL_UNAVAILABLE',
  timeout: 'DECODE_TIMEOUT',
  reset: 'WORKER_RESET',
  'invalid-input': 'INVALID_PARAMS',
  'out-of-memory': 'WORKER_RESET',
  adapter: 'INTERNAL',
  internal: 'INTERNAL',
};

/** The code of the error table that an engine error becomes. */
export function codeOf(code: EngineErrorCode): ErrorCode {
  return FROM_ENGINE[code] ?? 'INTERNAL';
}

/** True when the engine itself is gone or cannot be reached, so that another start may serve the task. */
export function isEngineLoss(code: EngineErrorCode): boolean {
  return code === 'reset' || code === 'unavailable' || code === 'out-of-memory';
}
