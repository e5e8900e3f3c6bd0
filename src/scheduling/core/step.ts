import { type PoolId, type ReplicaId, type TaskKey } from '../../kernel/ids.js';
import { type FailoverOffer, failOver } from './failover.js';
import {
  type CoreLease,
  type CorePool,
  type CoreTask,
  type SchedulerCommand,
  type SchedulerEvent,
  type SchedulerState,
  type TaskEnd,
} from './model.js';
import { candidatesOf, hasFreeSlot, mayTake, place } from './placement.js';
import { suspensionFor } from './preemption.js';
import { mayMove, roomFacts, roomFor } from './queue-room.js';
import { joinPool, noteMemory, noteRates } from './replicas.js';
import { letGo, restore } from './restore.js';
import {
  bookLastUse,
  bookUse,
  joinSession,
  leaveSession,
  openSession,
  rememberReplica,
  unaffordable,
  wishOf,
} from './sessions.js';

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
    case 'restored':
      return restore(state, poolOf(state, event.poolId), event);
    case 'orphaned':
      return letGo(state, event);
    case 'session-opened':
      return openSession(state, event);
    case 'session-closed':
      return void state.sessions.delete(event.session);
    case 'used':
      return use(state, event, out);
    case 'cancelled':
      return endWhereverItIs(state, event.key, { type: 'cancelled', reason: event.reason }, out);
    case 'hopeless':
      return giveUp(state, event, out);
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
    case 'replica-memory':
      return noteMemory(state, event);
    case 'replica-rates':
      return noteRates(state, event);
    case 'pool-draining':
      return void (poolOf(state, event.poolId).draining = true);
    case 'pool-opened':
      return openPool(state, event, out);
    case 'moved':
      return move(state, event, out);
    case 'called-off':
      return endWhereverItIs(state, event.key, { type: 'failed', code: event.code, message: event.message }, out);
    case 'pool-closed':
      return closePool(state, event, out);
    case 'shut-down':
      return shutDown(state, event, out);
  }
}

function submit(state: SchedulerState, event: EventOf<'submitted'>, out: Commands): void {
  const pool = poolOf(state, event.poolId);
  const { key, item, now } = event;
  const shortfall = unaffordable(state, event);
  if (shortfall !== undefined) {
    out.push({ type: 'refuse-budget', key, shortfall });
    return;
  }
  const facts = roomFacts(pool, event, state.tasks);
  const room = roomFor(item.priority, facts);
  if (room.type === 'full') {
    out.push({ type: 'refuse', key, facts, room });
    return;
  }
  if (room.type === 'evict') {
    const { policy, preempted } = room;
    end(state, room.victim.taskId as TaskKey, { type: 'evicted', policy, ...(preempted && { preempted }) }, out);
  }
  const session = joinSession(state, event);
  const { size } = event;
  state.tasks.set(key, {
    key,
    pool,
    item,
    phase: 'queued',
    requeued: false,
    begun: false,
    failovers: 0,
    lease: undefined,
    session,
    size,
  });
  pool.queue.enqueue(item);
  out.push({ type: 'accept', key, position: pool.queue.position(key, now) ?? 0, facts, room });
  dispatch(state, pool, now, out);
  suspendFor(state, event, out);
}

/** Cuts off a running task of a lower class for a newcomer that would have to wait. */
function suspendFor(state: SchedulerState, { key, now }: EventOf<'submitted'>, out: Commands): void {
  const suspension = suspensionFor(state.tasks.get(key)!, state, now);
  if (suspension === undefined) return;
  const { victim, candidates } = suspension;
  const { lease } = victim;
  const task = state.tasks.get(victim.key)!;
  task.phase = 'suspending';
  task.pool.suspending++;
  task.pool.suspendedAt.push(now);
  state.leases.get(lease)!.suspended = task.key;
  out.push({ type: 'suspend', key: task.key, lease, for: key, candidates });
}

/** Hands waiting tasks to free slots until one of them runs out. */
function dispatch(state: SchedulerState, pool: CorePool, now: number, out: Commands): void {
  while (pool.queue.size > 0 && hasFreeSlot(pool)) {
    const item = pool.queue.next(now);
    if (item === undefined) return;
    const task = state.tasks.get(item.taskId as TaskKey)!;
    const candidates = candidatesOf(pool, task);
    const { affinityMaxLoad, strategy } = pool;
    const question = { item, candidates, wish: wishOf(task), size: task.size, affinityMaxLoad };
    const placement = place(question, strategy, (id) => isOffered(pool, id));
    if (placement === undefined) return;
    const { replicaId, why, ranking } = placement;
    const replica = pool.replicas.get(replicaId as ReplicaId)!;
    const lease = ++state.lastLease;
    replica.busy++;
    replica.dispatches++;
    state.leases.set(lease, { replica, pool, item });
    task.phase = 'dispatched';
    task.lease = lease;
    const { id, epoch } = replica;
    const { wish, size } = question;
    const [key, waiting] = [task.key, pool.queue.size];
    const placed = { replicaId: id, epoch, lease, why, item, waiting, candidates, wish, size, ranking };
    out.push({ type: 'dispatch', key, ...placed });
  }
}

function giveUp(state: SchedulerState, { key }: EventOf<'hopeless'>, out: Commands): void {
  const task = state.tasks.get(key);
  if (task?.phase === 'queued' && !task.begun) end(state, key, { type: 'evicted', policy: 'drop-lru' }, out);
}

function expire(state: SchedulerState, event: EventOf<'deadline-passed'>, out: Commands): void {
  const task = state.tasks.get(event.key);
  if (task !== undefined) endWhereverItIs(state, task.key, { type: 'expired', phase: task.phase }, out);
}

function startStreaming(state: SchedulerState, event: EventOf<'first-token'>): void {
  const task = state.tasks.get(event.key);
  if (task?.phase !== 'dispatched') return;
  task.phase = 'streaming';
  task.begun = true;
  rememberReplica(state, task);
}

/** A task that no slot works on cannot go on spending, so it is not stopped either. */
function use(state: SchedulerState, event: EventOf<'used'>, out: Commands): void {
  const task = state.tasks.get(event.key);
  if (task === undefined || !bookUse(task, event) || task.lease === undefined || task.phase === 'suspending') return;
  endWhereverItIs(state, task.key, { type: 'budget' }, out);
}

function completeRun(state: SchedulerState, event: EventOf<'run-completed'>, out: Commands): void {
  const task = state.tasks.get(event.key);
  if (task?.lease !== event.lease) return;
  if (event.used !== undefined) bookLastUse(task, event.used);
  end(state, event.key, { type: 'completed' }, out);
}

function failRun(state: SchedulerState, event: EventOf<'run-failed'>, out: Commands): void {
  const lease = state.leases.get(event.lease);
  // Until the supervisor has looked, an engine that broke a run gets no further one.
  if (event.engineLost && lease !== undefined) lease.replica.ready = false;
  const task = state.tasks.get(event.key);
  if (task === undefined || task.lease !== event.lease) return;
  const offer = task.phase === 'suspending' ? undefined : event.failover;
  if (event.engineLost && offer !== undefined) return goOnElsewhere(state, task, event, offer, out);
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
  if (state.leases.get(event.lease)?.replica.retired) {
    return end(state, task.key, { type: 'failed', code: event.code, message: event.message }, out);
  }
  task.requeued = true;
  sendRound(task, state.leases.get(event.lease));
  out.push({ type: 'requeue', key: task.key, code: event.code });
  dispatch(state, task.pool, event.now, out);
}

/** After the first token a lost engine costs the task time, where another run says the same. */
function goOnElsewhere(
  state: SchedulerState,
  task: CoreTask,
  event: EventOf<'run-failed'>,
  offer: FailoverOffer,
  out: Commands,
): void {
  const lease = state.leases.get(event.lease);
  const ending = failOver(task, offer, event, lease);
  if (ending !== undefined) return end(state, task.key, ending, out);
  sendRound(task, lease);
  const failover = { attempt: task.failovers, most: offer.most };
  out.push({ type: 'requeue', key: task.key, code: event.code, failover });
  dispatch(state, task.pool, event.now, out);
}

function sendRound(task: CoreTask, lease: CoreLease | undefined): void {
  task.phase = 'queued';
  task.lease = undefined;
  requeue(task, lease);
}

function releaseLease(state: SchedulerState, event: EventOf<'lease-released'>, out: Commands): void {
  const lease = state.leases.get(event.lease);
  if (lease === undefined) return;
  state.leases.delete(event.lease);
  lease.replica.busy--;
  if (lease.suspended !== undefined) backToQueue(state, lease.suspended, lease, event, out);
  if (lease.item !== undefined && event.cost !== undefined) lease.pool.queue.settle?.(lease.item, event.cost);
  dispatch(state, lease.pool, event.now, out);
}

/** Back to the head: for the discipline the dispatch was never made, so there is nothing to settle. */
function requeue(task: CoreTask, lease: CoreLease | undefined): void {
  if (lease !== undefined) lease.item = undefined;
  task.pool.queue.requeue(task.item);
}

/** A suspended task whose slot is free waits for its next one, unless it ended meanwhile. */
function backToQueue(
  state: SchedulerState,
  key: TaskKey,
  lease: CoreLease,
  event: EventOf<'lease-released'>,
  out: Commands,
): void {
  const { pool } = lease;
  pool.suspending--;
  const task = state.tasks.get(key);
  if (task?.phase !== 'suspending' || task.lease !== event.lease) return;
  task.lease = undefined;
  if (pool.outage !== undefined) return end(state, key, { type: 'failed', ...pool.outage }, out);
  task.phase = 'queued';
  requeue(task, lease);
  out.push({ type: 'suspended', key });
}

function openReplica(state: SchedulerState, event: EventOf<'replica-ready'>, out: Commands): void {
  const pool = poolOf(state, event.poolId);
  pool.outage = undefined;
  joinPool(pool, event);
  dispatch(state, pool, event.now, out);
}

function closeReplica(state: SchedulerState, event: EventOf<'replica-unready'>): void {
  const replica = poolOf(state, event.poolId).replicas.get(event.replicaId);
  if (replica === undefined) return;
  replica.ready = false;
  if (event.retired) replica.retired = true;
}

function openPool(state: SchedulerState, event: EventOf<'pool-opened'>, out: Commands): void {
  const pool = poolOf(state, event.poolId);
  pool.draining = false;
  dispatch(state, pool, event.now, out);
}

function move(state: SchedulerState, event: EventOf<'moved'>, out: Commands): void {
  const [task, pool] = [state.tasks.get(event.key), poolOf(state, event.poolId)];
  if (task === undefined || !mayMove(task, pool, event)) return;
  task.pool.queue.remove(task.key);
  task.pool = pool;
  task.item = event.item;
  pool.queue.enqueue(event.item);
  out.push({ type: 'move', key: task.key, poolId: pool.id });
  dispatch(state, pool, event.now, out);
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
  const { lease, phase } = task;
  end(state, key, how, out);
  // The run of a suspended task is stopped already.
  if (lease !== undefined && phase !== 'suspending') out.push({ type: 'stop', key, lease });
}

function end(state: SchedulerState, key: TaskKey, how: TaskEnd, out: Commands): void {
  const task = state.tasks.get(key);
  if (task === undefined) return;
  if (task.phase === 'queued') task.pool.queue.remove(key);
  state.tasks.delete(key);
  leaveSession(task);
  out.push({ type: 'finish', key, end: how });
}

function isOffered(pool: CorePool, replicaId: string): boolean {
  const replica = pool.replicas.get(replicaId as ReplicaId);
  return replica !== undefined && mayTake(replica);
}

function poolOf(state: SchedulerState, id: PoolId): CorePool {
  const pool = state.pools.get(id);
  if (pool === undefined) throw new Error(`the scheduler does not know pool ${id}`);
  return pool;
}
