import { type PoolId, type TaskKey } from '../../kernel/ids.js';
import {
  type CorePool,
  type CoreTask,
  type SchedulerCommand,
  type SchedulerEvent,
  type SchedulerState,
  type TaskEnd,
} from './model.js';
import { candidatesOf, mayTake, place } from './placement.js';
import { roomFor } from './queue-room.js';

type Commands = SchedulerCommand[];
type EventOf<Type extends SchedulerEvent['type']> = Extract<SchedulerEvent, { type: Type }>;

/**
 * The scheduler: one event in, the next state and what is to be done out. No I/O, no clock, no randomness.
 * Events about tasks, leases or replicas that are gone change nothing, so late and repeated ones are harmless.
 */
export function step(
  state: SchedulerState,
  event: SchedulerEvent,
): readonly [SchedulerState, readonly SchedulerCommand[]] {
  const commands: Commands = [];
  apply(state, event, commands);
  return [state, commands];
}

function apply(state: SchedulerState, event: SchedulerEvent, out: Commands): void {
  switch (event.type) {
    case 'submitted':
      return submit(state, event, out);
    case 'cancelled':
      return endWhereverItIs(state, event.key, { type: 'cancelled', reason: event.reason }, out);
    case 'deadline-passed':
      return expire(state, event, out);
    case 'watchdog-fired':
      return endWhereverItIs(state, event.key, { type: 'timed-out', limit: event.limit }, out);
    case 'first-token':
      return startStreaming(state, event);
    case 'run-completed':
      return completeRun(state, event, out);
    case 'run-failed':
      return failRun(state, event, out);
    case 'lease-released':
      return releaseLease(state, event, out);
    case 'replica-ready':
      return openReplica(state, event, out);
    case 'replica-unready':
      return closeReplica(state, event);
    case 'pool-closed':
      return closePool(state, event, out);
    case 'shut-down':
      return shutDown(state, event, out);
  }
}

function submit(state: SchedulerState, event: EventOf<'submitted'>, out: Commands): void {
  const pool = poolOf(state, event.poolId);
  const { key, item, now } = event;
  const wouldWait = pool.queue.size > 0 || !hasFreeSlot(pool);
  const room = wouldWait ? roomFor(item.priority, pool) : ({ type: 'free' } as const);
  if (room.type === 'full') {
    out.push({ type: 'refuse', key, code: room.code, policy: room.policy });
    return;
  }
  if (room.type === 'evict') {
    end(state, room.victim.taskId as TaskKey, { type: 'evicted', policy: room.policy }, out);
  }
  state.tasks.set(key, { key, pool, item, phase: 'queued', requeued: false, lease: undefined });
  pool.queue.enqueue(item);
  out.push({ type: 'accept', key, position: pool.queue.position(key, now) ?? 0 });
  dispatch(state, pool, now, out);
}

/** Hands waiting tasks to free slots until one of them runs out. */
function dispatch(state: SchedulerState, pool: CorePool, now: number, out: Commands): void {
  while (pool.queue.size > 0) {
    const candidates = candidatesOf(pool);
    if (candidates.length === 0) return;
    const item = pool.queue.next(now);
    const placement = item && place(item, pool, candidates);
    if (item === undefined || placement === undefined) return;
    const task = state.tasks.get(item.taskId as TaskKey)!;
    const lease = ++state.lastLease;
    const { replica, why } = placement;
    replica.busy++;
    state.leases.set(lease, { replica, pool });
    task.phase = 'dispatched';
    task.lease = lease;
    out.push({ type: 'dispatch', key: task.key, replicaId: replica.id, epoch: replica.epoch, lease, why });
  }
}

function expire(state: SchedulerState, event: EventOf<'deadline-passed'>, out: Commands): void {
  const task = state.tasks.get(event.key);
  if (task !== undefined) endWhereverItIs(state, task.key, { type: 'expired', phase: task.phase }, out);
}

function startStreaming(state: SchedulerState, event: EventOf<'first-token'>): void {
  const task = state.tasks.get(event.key);
  if (task?.phase === 'dispatched') task.phase = 'streaming';
}

function completeRun(state: SchedulerState, event: EventOf<'run-completed'>, out: Commands): void {
  if (state.tasks.get(event.key)?.lease === event.lease) end(state, event.key, { type: 'completed' }, out);
}

function failRun(state: SchedulerState, event: EventOf<'run-failed'>, out: Commands): void {
  const lease = state.leases.get(event.lease);
  // Until the supervisor has looked, an engine that broke a run gets no further one.
  if (event.engineLost && lease !== undefined) lease.replica.ready = false;
  const task = state.tasks.get(event.key);
  if (task === undefined || task.lease !== event.lease) return;
  if (event.engineLost && task.phase === 'dispatched') return retry(state, task, event, out);
  end(state, event.key, { type: 'failed', code: event.code, message: event.message }, out);
}

/** Before the first token a lost engine costs the task its place in a slot, once. */
function retry(state: SchedulerState, task: CoreTask, event: EventOf<'run-failed'>, out: Commands): void {
  if (task.requeued) {
    const message = 'the engine was lost again before the first token; send the task again';
    return end(state, task.key, { type: 'failed', code: 'REPLICA_EXHAUSTED', message }, out);
  }
  const { outage } = task.pool;
  if (outage !== undefined) return end(state, task.key, { type: 'failed', ...outage }, out);
  task.requeued = true;
  task.phase = 'queued';
  task.lease = undefined;
  task.pool.queue.requeue(task.item);
  out.push({ type: 'requeue', key: task.key });
  dispatch(state, task.pool, event.now, out);
}

function releaseLease(state: SchedulerState, event: EventOf<'lease-released'>, out: Commands): void {
  const lease = state.leases.get(event.lease);
  if (lease === undefined) return;
  state.leases.delete(event.lease);
  lease.replica.busy--;
  dispatch(state, lease.pool, event.now, out);
}

function openReplica(state: SchedulerState, event: EventOf<'replica-ready'>, out: Commands): void {
  const pool = poolOf(state, event.poolId);
  const known = pool.replicas.get(event.replicaId);
  const { replicaId: id, epoch, slots, labels } = event;
  pool.outage = undefined;
  if (known?.epoch === epoch) {
    known.ready = true;
    known.slots = slots;
  } else {
    pool.replicas.set(id, { id, epoch, slots, labels, busy: 0, ready: true });
  }
  dispatch(state, pool, event.now, out);
}

function closeReplica(state: SchedulerState, event: EventOf<'replica-unready'>): void {
  const replica = poolOf(state, event.poolId).replicas.get(event.replicaId);
  if (replica !== undefined) replica.ready = false;
}

function closePool(state: SchedulerState, event: EventOf<'pool-closed'>, out: Commands): void {
  const { code, message } = event;
  poolOf(state, event.poolId).outage = { code, message };
  for (const task of [...state.tasks.values()]) {
    if (task.pool.id !== event.poolId || task.phase !== 'queued') continue;
    endWhereverItIs(state, task.key, { type: 'failed', code, message }, out);
  }
}

function shutDown(state: SchedulerState, event: EventOf<'shut-down'>, out: Commands): void {
  for (const key of [...state.tasks.keys()]) {
    endWhereverItIs(state, key, { type: 'failed', code: 'POOL_UNAVAILABLE', message: event.message }, out);
  }
}

/** Ends a waiting task by taking it out of its queue, a running one by stopping its run. */
function endWhereverItIs(state: SchedulerState, key: TaskKey, how: TaskEnd, out: Commands): void {
  const task = state.tasks.get(key);
  if (task === undefined) return;
  const { lease } = task;
  end(state, key, how, out);
  if (lease !== undefined) out.push({ type: 'stop', key, lease });
}

function end(state: SchedulerState, key: TaskKey, how: TaskEnd, out: Commands): void {
  const task = state.tasks.get(key);
  if (task === undefined) return;
  if (task.phase === 'queued') task.pool.queue.remove(key);
  state.tasks.delete(key);
  out.push({ type: 'finish', key, end: how });
}

function hasFreeSlot(pool: CorePool): boolean {
  for (const replica of pool.replicas.values()) if (mayTake(replica)) return true;
  return false;
}

function poolOf(state: SchedulerState, id: PoolId): CorePool {
  const pool = state.pools.get(id);
  if (pool === undefined) throw new Error(`the scheduler does not know pool ${id}`);
  return pool;
}
