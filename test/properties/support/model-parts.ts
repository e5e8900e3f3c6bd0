import leastLoaded from '@llama-orch/placement-least-loaded';
import { type PriorityClass, type QueueDisciplineFactory } from '@llama-orch/plugin-sdk';
import priorityFifo from '@llama-orch/queue-priority-fifo';
import { type ReplicaId, type TaskKey, poolId } from '../../../src/kernel/ids.js';
import { type CorePool, type FullPolicy } from '../../../src/scheduling/core/model.js';
import { type FailoverOffer } from '../../../src/scheduling/core/failover.js';
import { type PreemptionRules } from '../../../src/scheduling/core/preemption.js';
import { type ReferenceQueue } from './reference-queue.js';

export interface PoolSetup {
  readonly capacity: number;
  readonly classCapacity: Readonly<Record<PriorityClass, number>>;
  readonly fullPolicy: Readonly<Record<PriorityClass, FullPolicy>>;
  readonly batchMaxWaitMs: number;
  /** Slots of each replica. */
  readonly slots: readonly number[];
  readonly preemption?: PreemptionRules | undefined;
  /** Absent: an answer whose engine is lost ends. */
  readonly failover?: FailoverOffer | undefined;
}

export interface ModelTask {
  readonly key: TaskKey;
  pool: ModelPool;
  readonly priority: PriorityClass;
  readonly enqueuedAt: number;
  phase: 'new' | 'queued' | 'dispatched' | 'streaming' | 'suspending' | 'ended' | 'refused';
  requeued: boolean;
  /** Its reader has something. */
  delivered: boolean;
  failovers: number;
  lease: number | undefined;
  ending: string | undefined;
}

export interface ModelReplica {
  readonly id: ReplicaId;
  readonly slots: number;
  epoch: number;
  ready: boolean;
  /** Starts whose place another model took. */
  readonly retired: Set<number>;
}

export interface ModelLease {
  readonly id: number;
  readonly task: ModelTask;
  readonly pool: ModelPool;
  readonly replica: ModelReplica;
  readonly epoch: number;
  stopped: boolean;
  reported: boolean;
  released: boolean;
}

export interface ModelPool {
  readonly setup: PoolSetup;
  readonly core: CorePool;
  readonly queue: ReferenceQueue;
  readonly replicas: readonly ModelReplica[];
  /** Times of all suspensions. */
  readonly suspensions: number[];
  /** Places above the caps that requeued tasks took. */
  excess: number;
  closed: boolean;
  draining: boolean;
}

/** `ends`: it does so, or did before. */
export type Fate = 'ends' | 'waits again' | 'goes on';

export function check(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Error(sentence);
}

const noLog = { log: () => {} };
const strategy = leastLoaded.create({}, noLog) as CorePool['strategy'];

export function corePool(index: number, setup: PoolSetup): CorePool {
  const factory = priorityFifo.create({ batch_max_wait_ms: setup.batchMaxWaitMs }, noLog) as QueueDisciplineFactory;
  const { capacity, classCapacity, fullPolicy, preemption } = setup;
  const id = poolId(`pool-${index}`);
  return {
    id,
    capacity,
    classCapacity,
    fullPolicy,
    queue: factory.createQueue(),
    strategy,
    replicas: new Map(),
    suspendedAt: [],
    suspending: 0,
    ...(preemption && { preemption }),
  };
}

export function newReplica(id: ReplicaId, slots: number): ModelReplica {
  return { id, slots, epoch: 0, ready: false, retired: new Set() };
}

/** Whether a task finds a place without anybody giving way. */
export function hasRoom(
  { priority }: Pick<ModelTask, 'priority'>,
  { queue, setup }: ModelPool,
  slotFree: boolean,
): boolean {
  const full = queue.sizeOf(priority) >= setup.classCapacity[priority] || queue.size >= setup.capacity;
  return !full || (slotFree && queue.size === 0);
}

/** What the policy of the newcomer's class says, written down a second time. */
export function expectedRoom(
  task: ModelTask,
  slotFree: boolean,
  hasBegun: (key: string | undefined) => boolean,
): string[] {
  const { key, priority, pool } = task;
  const { queue, setup } = pool;
  const accept = `accept ${key}`;
  if (hasRoom(task, pool, slotFree)) return [accept];
  const classFull = queue.sizeOf(priority) >= setup.classCapacity[priority];
  const policy = setup.fullPolicy[priority];
  const gives = setup.preemption !== undefined && priority === 'interactive' && !classFull;
  const newest = gives ? queue.newest('batch') : undefined;
  if (newest !== undefined && !hasBegun(newest) && policy !== 'drop-lru') return [`finish ${newest} evicted`, accept];
  const victim = victimOf(policy, priority, classFull, queue, hasBegun);
  if (victim !== undefined) return [`finish ${victim} evicted`, accept];
  return [`refuse ${key} ${policy === 'drop-lru' ? 'QUEUE_FULL_DROP_LRU' : 'ADMISSION_REJECT'} ${policy}`];
}

/** What becomes of the task of a run that failed, written down a second time. */
export function afterFailure({ task, replica, epoch, id }: ModelLease, engineLost: boolean): Fate {
  const { pool, requeued, failovers } = task;
  if (!engineLost || task.phase === 'ended' || task.lease !== id || replica.retired.has(epoch)) return 'ends';
  const { failover } = pool.setup;
  if (failover !== undefined && task.delivered && task.phase !== 'suspending') {
    return failovers < failover.most && (!pool.closed || failover.elsewhere) ? 'goes on' : 'ends';
  }
  return task.phase === 'dispatched' && !requeued && !pool.closed ? 'waits again' : 'ends';
}

/** Whom a policy sacrifices, written down a second time. */
export function victimOf(
  policy: FullPolicy,
  priority: PriorityClass,
  classFull: boolean,
  queue: ReferenceQueue,
  hasBegun: (key: string | undefined) => boolean,
): string | undefined {
  if (policy === 'reject') return undefined;
  const waiting = (key: string | undefined) => (hasBegun(key) ? undefined : key);
  const newestBatch = waiting(queue.newest('batch'));
  if (policy === 'shed-low-priority') return priority === 'batch' || classFull ? undefined : newestBatch;
  if (classFull) return waiting(queue.oldest(priority));
  const oldest = priority === 'interactive' ? waiting(queue.oldest('interactive')) : undefined;
  return waiting(queue.oldest('batch')) ?? oldest;
}

/** What the core holds of a pool beside what the model does. */
export function comparePool(pool: ModelPool, now: number, busyOf: (replica: ModelReplica) => number): void {
  const { core, queue, setup } = pool;
  check(core.queue.size === queue.size, `${core.id} holds ${core.queue.size} waiting tasks, ${queue.size} wait`);
  check(
    queue.keys.every((key) => core.queue.position(key, now) !== undefined),
    `${core.id} lost a waiting task`,
  );
  pool.excess = Math.min(pool.excess, queue.size);
  check(queue.size <= setup.capacity + pool.excess, `${core.id} lets ${queue.size} wait, ${setup.capacity} may`);
  for (const priority of ['interactive', 'batch'] as const) {
    const most = setup.classCapacity[priority] + pool.excess;
    check(queue.sizeOf(priority) <= most, `${core.id} lets too many of class ${priority} wait`);
  }
  for (const replica of pool.replicas) {
    const counted = core.replicas.get(replica.id)?.busy ?? 0;
    const busy = busyOf(replica);
    check(counted === busy && busy <= replica.slots, `${replica.id} counts ${counted} busy slots, ${busy} are`);
    check(
      !replica.ready || busy === replica.slots || queue.size === 0 || pool.draining,
      `${replica.id} has a free slot while tasks wait`,
    );
  }
}
