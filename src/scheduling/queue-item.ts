import { type QueueItem } from '@llama-orch/plugin-sdk';
import { type TaskRequest } from '../tasks/task.js';
import { type Forecastable, newcomerItem } from './forecast/forecastable.js';
import { type PoolOutlook } from './forecast/pool-outlook.js';
import { type Caller } from './promises/promised-places.js';

/** A task with the names that a discipline may share a pool out by. */
export type Queueable = Forecastable & {
  readonly request: Pick<TaskRequest, 'tenantId' | 'sessionId' | 'clientId' | 'callName'>;
};

/** What the queue discipline learns of a task. `now` in ms of the monotonic clock. */
export function itemOf(task: Queueable, now: number, { estimator }: PoolOutlook): QueueItem {
  return { ...newcomerItem(task, now, estimator), taskId: task.key };
}

/** Who stands behind a task, as far as a place in the queue can be kept for them. */
export function callerOf({ request }: Queueable): Caller {
  const { tenantId, clientId, callName, priority } = request;
  const call = callName === undefined ? undefined : `${tenantId}/${callName}`;
  return { call, client: `${tenantId}/${clientId ?? ''}`, priority };
}
