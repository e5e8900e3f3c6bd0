import {
  type PlacementStrategy,
  type PriorityClass,
  type QueueDiscipline,
  type QueueItem,
} from '@llama-orch/plugin-sdk';
import { type ErrorCode } from '../../kernel/errors.js';
import { type PoolId, type ReplicaId, type TaskKey } from '../../kernel/ids.js';

export type FullPolicy = 'reject' | 'drop-lru' | 'shed-low-priority';

/** Counts the leases of a scheduler; never used again. */
export type LeaseId = number;

/** One pool as scheduling sees it. */
export interface CorePool {
  readonly id: PoolId;
  /** Waiting tasks of both classes together. */
  readonly capacity: number;
  readonly classCapacity: Readonly<Record<PriorityClass, number>>;
  readonly fullPolicy: Readonly<Record<PriorityClass, FullPolicy>>;
  readonly queue: QueueDiscipline;
  readonly strategy: PlacementStrategy;
  readonly replicas: Map<ReplicaId, CoreReplica>;
  /** Why the pool serves nobody, until one of its replicas is ready again. */
  outage?: Outage | undefined;
}

export interface Outage {
  readonly code: ErrorCode;
  readonly message: string;
}

/** One start of a replica. The next start is a new object, so a lease of an earlier one counts for nothing. */
export interface CoreReplica {
  readonly id: ReplicaId;
  readonly labels: Readonly<Record<string, string>>;
  readonly epoch: number;
  slots: number;
  busy: number;
  ready: boolean;
}

/** A task that has not ended. */
export interface CoreTask {
  readonly key: TaskKey;
  readonly pool: CorePool;
  readonly item: QueueItem;
  phase: 'queued' | 'dispatched' | 'streaming';
  requeued: boolean;
  lease: LeaseId | undefined;
}

export interface CoreLease {
  readonly replica: CoreReplica;
  readonly pool: CorePool;
}

/**
 * Everything that scheduling decides from. It belongs to `step`, which changes it in place for speed:
 * after a step only the state that it returned may be used.
 */
export interface SchedulerState {
  readonly pools: Map<PoolId, CorePool>;
  readonly tasks: Map<TaskKey, CoreTask>;
  readonly leases: Map<LeaseId, CoreLease>;
  lastLease: LeaseId;
}

/** What happened. `now` is milliseconds on the monotonic clock. */
export type SchedulerEvent =
  | {
      readonly type: 'submitted';
      readonly key: TaskKey;
      readonly poolId: PoolId;
      readonly item: QueueItem;
      readonly now: number;
    }
  | {
      readonly type: 'cancelled';
      readonly key: TaskKey;
      readonly reason: 'client' | 'disconnect';
      readonly now: number;
    }
  | { readonly type: 'deadline-passed'; readonly key: TaskKey; readonly now: number }
  | {
      readonly type: 'watchdog-fired';
      readonly key: TaskKey;
      readonly limit: 'wall' | 'idle' | 'first-token';
      readonly now: number;
    }
  | { readonly type: 'first-token'; readonly key: TaskKey }
  | { readonly type: 'run-completed'; readonly key: TaskKey; readonly lease: LeaseId }
  | {
      readonly type: 'run-failed';
      readonly key: TaskKey;
      readonly lease: LeaseId;
      readonly code: ErrorCode;
      readonly message: string;
      /** The engine is gone: the task may go back to its queue, once, before its first token. */
      readonly engineLost: boolean;
      readonly now: number;
    }
  | { readonly type: 'lease-released'; readonly lease: LeaseId; readonly now: number }
  | {
      readonly type: 'replica-ready';
      readonly poolId: PoolId;
      readonly replicaId: ReplicaId;
      readonly epoch: number;
      readonly slots: number;
      readonly labels: Readonly<Record<string, string>>;
      readonly now: number;
    }
  | { readonly type: 'replica-unready'; readonly poolId: PoolId; readonly replicaId: ReplicaId }
  | {
      /** The pool serves nobody for now: its waiting tasks end. */
      readonly type: 'pool-closed';
      readonly poolId: PoolId;
      readonly code: ErrorCode;
      readonly message: string;
    }
  | {
      /** The daemon stops: everything that has not ended ends. */
      readonly type: 'shut-down';
      readonly message: string;
    };

/** Why a task ended, without the facts that only the effects know. */
export type TaskEnd =
  | { readonly type: 'completed' }
  | { readonly type: 'cancelled'; readonly reason: 'client' | 'disconnect' }
  | { readonly type: 'evicted'; readonly policy: FullPolicy }
  | { readonly type: 'expired'; readonly phase: CoreTask['phase'] }
  | { readonly type: 'timed-out'; readonly limit: 'wall' | 'idle' | 'first-token' }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string };

/** What is to be done, in this order. */
export type SchedulerCommand =
  | { readonly type: 'accept'; readonly key: TaskKey; readonly position: number }
  | { readonly type: 'refuse'; readonly key: TaskKey; readonly code: ErrorCode; readonly policy: FullPolicy }
  | {
      readonly type: 'dispatch';
      readonly key: TaskKey;
      readonly replicaId: ReplicaId;
      readonly epoch: number;
      readonly lease: LeaseId;
      readonly why: string;
    }
  | { readonly type: 'requeue'; readonly key: TaskKey }
  | { readonly type: 'stop'; readonly key: TaskKey; readonly lease: LeaseId }
  | { readonly type: 'finish'; readonly key: TaskKey; readonly end: TaskEnd };

export function emptyState(): SchedulerState {
  return { pools: new Map(), tasks: new Map(), leases: new Map(), lastLease: 0 };
}
