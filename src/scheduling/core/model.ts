import {
  type PlacementCandidate,
  type PlacementStrategy,
  type PriorityClass,
  type QueueDiscipline,
  type QueueItem,
  type Ranked,
  type ReplicaRates,
} from '@llama-orch/plugin-sdk';
import { type ErrorCode } from '../../kernel/errors.js';
import { type PoolId, type ReplicaId, type SessionKey, type TaskKey } from '../../kernel/ids.js';
import { type Account, type Amounts, type Shortfall } from '../../sessions/ledger.js';
import { type FailoverAttempt, type FailoverOffer } from './failover.js';
import { type PreemptionRules } from './preemption.js';
import { type Orphaned, type Restored } from './restore.js';

export type FullPolicy = 'reject' | 'drop-lru' | 'shed-low-priority';

/** What a newcomer of either class meets: all that the full-queue policies decide from. */
export interface RoomFacts {
  readonly waiting: Readonly<Record<PriorityClass | 'all', number>>;
  readonly capacity: number;
  readonly classCapacity: Readonly<Record<PriorityClass, number>>;
  readonly fullPolicy: Readonly<Record<PriorityClass, FullPolicy>>;
  /** A slot is free and nobody waits: the queue's caps do not matter. */
  readonly startsAtOnce: boolean;
  /** Absent below every cap. */
  readonly ends?: WaitingEnds;
  /** Places that are kept for callers who were told to come back; absent without any. */
  readonly held?: HeldPlaces;
  /** Present where preemption is on, for interactive work. `late`: it would start too late for its deadline. */
  readonly preemption?: { readonly late: boolean };
}

/** Places of a queue that a newcomer may not take. */
export interface HeldPlaces {
  readonly all: number;
  readonly ofClass: number;
}

/** Waiting items that a policy may sacrifice. */
export interface WaitingEnds {
  readonly oldestInteractive: QueueItem | undefined;
  readonly oldestBatch: QueueItem | undefined;
  readonly newestBatch: QueueItem | undefined;
}

/** Whether a newcomer finds room, and at whose cost. */
export type Room =
  | { readonly type: 'free' }
  | {
      readonly type: 'evict';
      readonly victim: QueueItem;
      readonly policy: FullPolicy;
      /** Preemption rather than the full-queue policy demands it. */
      readonly preempted?: true;
    }
  | { readonly type: 'full'; readonly code: ErrorCode; readonly policy: FullPolicy };

/** Counts the leases of a scheduler; never used again. */
export type LeaseId = number;

/** A running task that may be suspended. */
export interface Suspendable {
  readonly key: TaskKey;
  readonly lease: LeaseId;
}

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
  /**
   * A task goes unasked to the replica of its session's last answer while that one's share of busy slots is at most this much
   * above the least of all candidates. Absent: however busy it is.
   */
  readonly affinityMaxLoad?: number;
  /** Absent: nothing is preempted. */
  readonly preemption?: PreemptionRules;
  /** Times of the suspensions of the last minute. */
  readonly suspendedAt: number[];
  /** Suspended tasks whose slots have not come back yet. */
  suspending: number;
  /** Why the pool serves nobody, until one of its replicas is ready again. */
  outage?: Outage | undefined;
  /** No slot is given out, whoever waits and whatever is free. */
  draining?: boolean;
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
  /** A run can be cut off and repeated to the same token. */
  readonly interruptible: boolean;
  slots: number;
  busy: number;
  ready: boolean;
  /** Another model has taken its place: whoever loses it before the first token does not come back. */
  retired?: boolean;
  /** Tasks that it was given; one that joins later begins with as many as the least of the others. */
  dispatches: number;
  /** Free memory of its fullest device; undefined where nobody knows it. */
  freeVramBytes?: number | undefined;
  /** Learned or declared; undefined where the strategy does not ask. */
  rates?: ReplicaRates | undefined;
}

/** How much work a task is, in tokens. */
export interface TaskSize {
  readonly promptTokens: number;
  /** What the caller expects, else the median of the pool's last answers. */
  readonly expectedTokens: number;
}

/** A task that has not ended. */
export interface CoreTask {
  readonly key: TaskKey;
  pool: CorePool;
  item: QueueItem;
  /** `suspending`: it gives its slot back and will go on later. */
  phase: 'queued' | 'dispatched' | 'streaming' | 'suspending';
  requeued: boolean;
  /** Its reader has something: it may wait again, but gives way to nobody. */
  begun: boolean;
  /** Times that its answer was to go on after its engine was lost. */
  failovers: number;
  lease: LeaseId | undefined;
  /** `reuse`: it wants the replica that holds the session's cache. */
  readonly session: { readonly session: CoreSession; readonly reuse: boolean } | undefined;
  /** Undefined where the strategy does not rank by it. */
  readonly size?: TaskSize | undefined;
}

/** What scheduling keeps of a session: its budget, if it has one, and the replica of its last first token. */
export interface CoreSession {
  readonly account: Account | undefined;
  lastReplica: ReplicaId | undefined;
  /** The start that read the prompt of its last turn, and the tokens of that; a later start of the replica holds nothing. */
  warm?: { readonly replica: CoreReplica; readonly tokens: number };
}

export interface CoreLease {
  /** What was dispatched; undefined once it went back to the queue, which takes its dispatch for never made. */
  item: QueueItem | undefined;
  readonly replica: CoreReplica;
  readonly pool: CorePool;
  /** The task that waits for its next slot once this one is free. */
  suspended?: TaskKey;
}

/**
 * Everything that scheduling decides from. It belongs to `step`, which changes it in place for speed:
 * after a step only the state that it returned may be used.
 */
export interface SchedulerState {
  readonly pools: Map<PoolId, CorePool>;
  readonly tasks: Map<TaskKey, CoreTask>;
  readonly leases: Map<LeaseId, CoreLease>;
  readonly sessions: Map<SessionKey, CoreSession>;
  lastLease: LeaseId;
}

/** What a newcomer has to do with its session. Of the budget `ask` is reserved as far as it goes; `least` has to be there. */
export interface SessionPart {
  readonly key: SessionKey;
  readonly reuse: boolean;
  readonly budget?: { readonly ask: Amounts; readonly least: Amounts };
}

/** What happened. `now` is milliseconds on the monotonic clock. */
export type SchedulerEvent =
  | {
      readonly type: 'submitted';
      readonly key: TaskKey;
      readonly poolId: PoolId;
      readonly item: QueueItem;
      readonly now: number;
      /** Places that others were promised; absent without any. */
      readonly held?: HeldPlaces;
      /** It would start too late for its deadline. */
      readonly late?: boolean;
      /** Absent where the strategy does not rank by it. */
      readonly size?: TaskSize;
      /** Absent outside sessions. */
      readonly session?: SessionPart;
    }
  | Restored
  | Orphaned
  | {
      /** The account belongs to `step` from here on; others only read it. */
      readonly type: 'session-opened';
      readonly session: SessionKey;
      readonly account: Account | undefined;
      readonly lastReplica: ReplicaId | undefined;
    }
  | { readonly type: 'session-closed'; readonly session: SessionKey }
  | {
      /** What a running task has used since its start; of no account outside sessions with a budget. */
      readonly type: 'used';
      readonly key: TaskKey;
      readonly amounts: Amounts;
    }
  | {
      readonly type: 'cancelled';
      readonly key: TaskKey;
      readonly reason: 'client' | 'disconnect';
      readonly now: number;
    }
  | {
      /** Of all that wait in a queue that stays nearly full, it is the least likely to be on time. */
      readonly type: 'hopeless';
      readonly key: TaskKey;
    }
  | { readonly type: 'deadline-passed'; readonly key: TaskKey; readonly now: number }
  | {
      readonly type: 'watchdog-fired';
      readonly key: TaskKey;
      readonly limit: 'wall' | 'idle' | 'first-token';
      readonly now: number;
    }
  | { readonly type: 'first-token'; readonly key: TaskKey }
  | {
      readonly type: 'run-completed';
      readonly key: TaskKey;
      readonly lease: LeaseId;
      /** What it used in all, as the engine counted it; absent without a budget. */
      readonly used?: Amounts;
    }
  | {
      readonly type: 'run-failed';
      readonly key: TaskKey;
      readonly lease: LeaseId;
      readonly code: ErrorCode;
      readonly message: string;
      /** The engine is gone: the task may go back to its queue, once, before its first token. */
      readonly engineLost: boolean;
      /** Absent before the first token, and where its answer may not go on elsewhere. */
      readonly failover?: FailoverOffer;
      readonly now: number;
    }
  | {
      readonly type: 'lease-released';
      readonly lease: LeaseId;
      /** Tokens that the run cost, prompt and answer; absent when nobody counted. */
      readonly cost?: number;
      readonly now: number;
    }
  | {
      readonly type: 'replica-ready';
      readonly poolId: PoolId;
      readonly replicaId: ReplicaId;
      readonly epoch: number;
      readonly slots: number;
      readonly interruptible: boolean;
      readonly labels: Readonly<Record<string, string>>;
      /** Absent: what was known of its start before stands. */
      readonly rates?: ReplicaRates | undefined;
      readonly freeVramBytes?: number | undefined;
      readonly now: number;
    }
  | {
      /** Another sample of its devices: free memory of the fullest of them, undefined when nobody knows it any more. */
      readonly type: 'replica-memory';
      readonly poolId: PoolId;
      readonly replicaId: ReplicaId;
      readonly freeVramBytes: number | undefined;
    }
  | {
      /** A run of it taught something about its speed, or about its like. */
      readonly type: 'replica-rates';
      readonly poolId: PoolId;
      readonly replicaId: ReplicaId;
      readonly rates: ReplicaRates;
    }
  | {
      readonly type: 'replica-unready';
      readonly poolId: PoolId;
      readonly replicaId: ReplicaId;
      /** It is replaced by a replica with another model. */
      readonly retired?: boolean;
    }
  /** From now on no slot of the pool is given out; its waiting tasks go on waiting, its running ones to their end. */
  | { readonly type: 'pool-draining'; readonly poolId: PoolId }
  | { readonly type: 'pool-opened'; readonly poolId: PoolId; readonly now: number }
  | {
      /** A waiting task would find a place in another pool that serves it as well; without room there it stays. */
      readonly type: 'moved';
      readonly key: TaskKey;
      readonly poolId: PoolId;
      /** As that pool counts it, with the time since which it has waited. */
      readonly item: QueueItem;
      readonly now: number;
      /** Places there that others were promised. */
      readonly held?: HeldPlaces;
    }
  /** A task ends wherever it is, because nobody will serve it to its end. */
  | { readonly type: 'called-off'; readonly key: TaskKey; readonly code: ErrorCode; readonly message: string }
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
  /** The budget of its session is used up. */
  | { readonly type: 'budget' }
  | { readonly type: 'cancelled'; readonly reason: 'client' | 'disconnect' }
  | { readonly type: 'evicted'; readonly policy: FullPolicy; readonly preempted?: true }
  | { readonly type: 'expired'; readonly phase: CoreTask['phase'] }
  | { readonly type: 'timed-out'; readonly limit: 'wall' | 'idle' | 'first-token' }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string };

/** What is to be done, in this order. */
export type SchedulerCommand =
  | {
      readonly type: 'accept';
      readonly key: TaskKey;
      readonly position: number;
      readonly facts: RoomFacts;
      readonly room: Exclude<Room, { type: 'full' }>;
    }
  | {
      readonly type: 'refuse';
      readonly key: TaskKey;
      readonly facts: RoomFacts;
      readonly room: Extract<Room, { type: 'full' }>;
    }
  | { readonly type: 'refuse-budget'; readonly key: TaskKey; readonly shortfall: Shortfall }
  | {
      readonly type: 'dispatch';
      readonly key: TaskKey;
      readonly replicaId: ReplicaId;
      readonly epoch: number;
      readonly lease: LeaseId;
      readonly why: string;
      readonly item: QueueItem;
      /** Tasks that stayed in the queue. */
      readonly waiting: number;
      readonly candidates: readonly PlacementCandidate[];
      /** Replica of the session's last first token, which goes before the ranking. */
      readonly wish: string | undefined;
      /** Undefined where the strategy does not ask for it. */
      readonly size: TaskSize | undefined;
      readonly ranking: readonly Ranked[];
    }
  | {
      readonly type: 'requeue';
      readonly key: TaskKey;
      readonly code: ErrorCode;
      /** Present after the first token: the next run repeats what the reader has. */
      readonly failover?: FailoverAttempt;
    }
  /** A waiting task waits in another pool now. */
  | { readonly type: 'move'; readonly key: TaskKey; readonly poolId: PoolId }
  | {
      /** The run is cut off; its task goes on later. */
      readonly type: 'suspend';
      readonly key: TaskKey;
      readonly lease: LeaseId;
      /** The task that takes its place. */
      readonly for: TaskKey;
      /** Those that might have been suspended, this one among them. */
      readonly candidates: readonly Suspendable[];
    }
  /** The slot of a suspended task is free: it waits at the head of its class. */
  | { readonly type: 'suspended'; readonly key: TaskKey }
  | { readonly type: 'stop'; readonly key: TaskKey; readonly lease: LeaseId }
  | { readonly type: 'finish'; readonly key: TaskKey; readonly end: TaskEnd };

export function emptyState(): SchedulerState {
  return { pools: new Map(), tasks: new Map(), leases: new Map(), sessions: new Map(), lastLease: 0 };
}
