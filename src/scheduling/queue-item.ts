import { type QueueItem } from '@llama-orch/plugin-sdk';
import { type TaskRequest } from '../tasks/task.js';
import { type Forecastable } from './forecastable.js';
import { type PoolOutlook, workpieceOf } from './pool-outlook.js';
import { type Caller } from './promised-places.js';

/** A task with the names that a discipline may share a pool out by. */
export type Queueable = Forecastable & {
  readonly request: Pick<TaskRequest, 'tenantId' | 'sessionId' | 'clientId' | 'callName'>;
};

/** What the queue discipline learns of a task. `now` in ms of the monotonic clock. */
export function itemOf(task: Queueable, now: number, outlook: PoolOutlook): QueueItem {
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

/** Who stands behind a task, as far as a place in the queue can be kept for them. */
export function callerOf({ request }: Queueable): Caller {
  const { tenantId, clientId, callName, priority } = request;
  const call = callName === undefined ? undefined : `${tenantId}/${callName}`;
  return { call, client: `${tenantId}/${clientId ?? ''}`, priority };
}
