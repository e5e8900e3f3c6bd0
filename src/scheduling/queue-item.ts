import { type QueueItem } from '@llama-orch/plugin-sdk';
import { type TaskRequest } from '../tasks/task.js';
import { type TaskSize } from './core/model.js';
import { type Forecastable, newcomerItem, workpieceOf } from './forecast/forecastable.js';
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

/** The part of a task's first event that strategies rank by; empty where the pool's strategy does not. */
export function sizePart(task: Queueable, { estimator, pool }: PoolOutlook): { readonly size?: TaskSize } {
  const { needs } = pool.strategy;
  if (!needs?.includes('rates') && !needs?.includes('warmth')) return {};
  const expectedTokens = estimator.outputTokens(workpieceOf(task)).p50;
  return { size: { promptTokens: task.promptTokens, expectedTokens } };
}

/** Who stands behind a task, as far as a place in the queue can be kept for them. */
export function callerOf({ request }: Queueable): Caller {
  const { tenantId, clientId, callName, priority } = request;
  const call = callName === undefined ? undefined : `${tenantId}/${callName}`;
  return { call, client: `${tenantId}/${clientId ?? ''}`, priority };
}
