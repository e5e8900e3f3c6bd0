import { type QueueItem } from '@llama-orch/plugin-sdk';
import { type PoolId, type SessionKey, type TaskKey } from '../../kernel/ids.js';
import { type Amounts, NOTHING, refund, reserve, settle } from '../../sessions/ledger.js';
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

/** A task that an earlier daemon accepted ends, because no pool is left for it. */
export interface Orphaned {
  readonly type: 'orphaned';
  readonly key: TaskKey;
  readonly session: SessionKey;
  /** Absent when its reader has nothing. */
  readonly used?: Amounts;
}

/** Books what an orphaned task has used; its session has nothing to do with it any more. */
export function letGo(state: SchedulerState, { key, session, used }: Orphaned): void {
  const account = state.sessions.get(session)?.account;
  if (account === undefined) return;
  reserve(account, key, used ?? NOTHING);
  if (used !== undefined) settle(account, key, used);
  refund(account, key);
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
