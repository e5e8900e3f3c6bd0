import leastLoaded from '@llama-orch/placement-least-loaded';
import { type PriorityClass, type QueueDisciplineFactory } from '@llama-orch/plugin-sdk';
import priorityFifo from '@llama-orch/queue-priority-fifo';
import { type ReplicaId, type TaskKey, poolId } from '../../../src/kernel/ids.js';
import { type CorePool, type FullPolicy } from '../../../src/scheduling/core/model.js';
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
}

export interface ModelTask {
  readonly key: TaskKey;
  readonly pool: ModelPool;
  readonly priority: PriorityClass;
  readonly enqueuedAt: number;
  phase: 'new' | 'queued' | 'dispatched' | 'streaming' | 'suspending' | 'ended' | 'refused';
  requeued: boolean;
  lease: number | undefined;
  ending: string | undefined;
}

export interface ModelReplica {
  readonly id: ReplicaId;
  readonly slots: number;
  epoch: number;
  ready: boolean;
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
}

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

/** Whom a policy sacrifices, written down a second time. */
export function victimOf(
  policy: FullPolicy,
  priority: PriorityClass,
  classFull: boolean,
  queue: ReferenceQueue,
): string | undefined {
  if (policy === 'reject') return undefined;
  if (policy === 'shed-low-priority') return priority === 'batch' || classFull ? undefined : queue.newest('batch');
  if (classFull) return queue.oldest(priority);
  return queue.oldest('batch') ?? (priority === 'interactive' ? queue.oldest('interactive') : undefined);
}
