import { type QueueItem } from '@llama-orch/plugin-sdk';
import { type TaskKey } from '../../kernel/ids.js';
import { type TaskState } from '../../tasks/task-state.js';
import { type TaskRequest } from '../../tasks/task.js';
import { type Estimator, type Workpiece } from './estimator.js';

/** A task as far as predictions look at it: a real one, or one of the simulator. Times in ms of the monotonic clock. */
export interface Forecastable {
  readonly key: TaskKey;
  readonly request: Pick<TaskRequest, 'priority' | 'maxTokens' | 'expectedTokens' | 'receivedAt'>;
  /** Counted or estimated. */
  readonly promptTokens: number;
  readonly state: TaskState;
  readonly deadlineAt: number | undefined;
  readonly dispatchedAt: number | undefined;
  readonly firstTokenAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly tokensOut: number;
  /** It was cut off in between, so its times say nothing of the engine's speed. */
  readonly interrupted?: boolean;
}

/** A task that is not admitted yet, with the names that a discipline may share a pool out by. */
export interface Arriving {
  readonly request: Pick<TaskRequest, 'priority' | 'maxTokens' | 'expectedTokens' | 'tenantId' | 'sessionId'>;
  /** Counted or estimated. */
  readonly promptTokens: number;
  readonly deadlineAt: number | undefined;
}

/** No task has an empty id. */
const NO_TASK = '';

export function workpieceOf({
  request,
  promptTokens,
}: Pick<Forecastable, 'request' | 'promptTokens'> | Arriving): Workpiece {
  const { maxTokens, expectedTokens, priority } = request;
  return { priority, promptTokens, maxTokens, expectedTokens };
}

/** What the queue discipline would learn of a task if it were admitted at `now`, ms of the monotonic clock. */
export function newcomerItem(task: Arriving, now: number, estimator: Estimator): QueueItem {
  const { request, deadlineAt, promptTokens } = task;
  return {
    taskId: NO_TASK,
    priority: request.priority,
    enqueuedAt: now,
    tenantId: request.tenantId,
    cost: promptTokens + estimator.outputTokens(workpieceOf(task)).p50,
    ...(request.sessionId === null ? {} : { sessionId: request.sessionId }),
    ...(deadlineAt === undefined ? {} : { deadlineAt }),
  };
}
