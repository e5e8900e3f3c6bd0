import { type QueueItem } from '@llama-orch/plugin-sdk';
import { type PoolId, type TaskKey } from '../../kernel/ids.js';
import { type CorePool, type CoreTask, type SchedulerState, type SessionPart, type TaskSize } from './model.js';
import { joinSession } from './sessions.js';

/** A task that an earlier daemon accepted waits again. It was promised its place, so neither room nor budget is asked. */
export interface Restored {
  readonly type: 'restored';
  readonly key: TaskKey;
  readonly poolId: PoolId;
  readonly item: QueueItem;
  readonly requeued: boolean;
  /** Its reader has something. */
  readonly begun: boolean;
  readonly failovers: number;
  readonly session?: SessionPart;
  readonly size?: TaskSize;
}

/** Puts a restored task at the end of its queue: whoever restores several keeps their order. */
export function restore(state: SchedulerState, pool: CorePool, event: Restored): void {
  const { key, item, requeued, begun, failovers, size } = event;
  const session: CoreTask['session'] = joinSession(state, event);
  const task = {
    key,
    pool,
    item,
    phase: 'queued',
    requeued,
    begun,
    failovers,
    lease: undefined,
    session,
    size,
  } as const;
  state.tasks.set(key, { ...task });
  pool.queue.enqueue(item);
}
