import { type PriorityClass, type QueueItem, type Ranked } from '@llama-orch/plugin-sdk';
import { type ErrorCode } from '../../kernel/errors.js';
import { type PoolId, type TaskKey } from '../../kernel/ids.js';
import { type FailoverAttempt } from '../core/failover.js';
import { type Room, type RoomFacts, type Suspendable, type TaskSize } from '../core/model.js';
import { type Estimate } from '../forecast/estimator.js';
import { type Hopeless } from '../forecast/pool-outlook.js';
import { type PoolOption } from '../pool-ranking.js';
import { type FleetSnapshot } from './fleet.js';

interface Stamp {
  readonly task: TaskKey;
  readonly poolId: PoolId;
  /** Unix time. */
  readonly atMs: number;
  /** Monotonic. */
  readonly clockMs: number;
}

/** What a newcomer of each class finds before it; its own start only where that was asked for. */
export type ClassOutlook = Readonly<
  Record<PriorityClass, { readonly ahead: number; readonly start: Estimate | undefined }>
>;

/** What was known of a task when it came; taken before its event, because the event itself fills the queue. */
export interface Arrival {
  readonly priority: PriorityClass;
  /** Pools that were compared; empty when only one could take the task. */
  readonly options: readonly PoolOption[];
  readonly outlook: ClassOutlook;
  readonly serviceP50Ms: number;
  /** Time that was left; undefined without a deadline. */
  readonly deadlineMs: number | undefined;
}

export interface StoredAdmission extends Stamp {
  readonly kind: 'admission';
  readonly arrival: Arrival;
  readonly facts: RoomFacts;
  readonly room: Room;
  /** Absent when the task was refused. */
  readonly promise: { readonly position: number; readonly start: Estimate } | undefined;
}

export interface StoredDispatch extends Stamp {
  readonly kind: 'dispatch';
  readonly item: QueueItem;
  readonly waiting: number;
  readonly wish: string | undefined;
  readonly affinityMaxLoad: number | undefined;
  readonly size: TaskSize | undefined;
  readonly candidates: FleetSnapshot;
  readonly scores: readonly Score[];
  readonly replicaId: string;
  readonly why: string;
}

export interface StoredEviction extends Stamp {
  readonly kind: 'eviction';
  readonly newcomer: TaskKey;
  readonly priority: PriorityClass;
  readonly facts: RoomFacts;
  readonly room: Extract<Room, { type: 'evict' }>;
}

/** An eviction without a newcomer: the queue was overloaded. */
export interface StoredRelief extends Stamp {
  readonly kind: 'relief';
  readonly hopeless: Hopeless;
}

export interface StoredRequeue extends Stamp {
  readonly kind: 'requeue';
  readonly code: ErrorCode;
  readonly failover: FailoverAttempt | undefined;
}

export interface StoredPreemption extends Stamp {
  readonly kind: 'preemption';
  readonly newcomer: TaskKey;
  readonly candidates: readonly Suspendable[];
}

/** A receipt as it is kept: references and numbers, written out only when somebody asks. */
export type StoredReceipt =
  StoredAdmission | StoredDispatch | StoredEviction | StoredRelief | StoredRequeue | StoredPreemption;

/** `score` is null when the strategy gave no finite number. */
export interface Score {
  readonly replicaId: string;
  readonly score: number | null;
  readonly why: string;
}

export const MOST_SCORES = 16;
const LONGEST_WHY = 300;

/** The best few of a ranking: candidates are kept whole, so the rest can be worked out again. */
export function scoresOf(ranking: readonly Ranked[]): Score[] {
  return ranking.slice(0, MOST_SCORES).flatMap((entry: Partial<Ranked> | null) => {
    if (typeof entry?.replicaId !== 'string' || typeof entry.why !== 'string') return [];
    const score = Number.isFinite(entry.score) ? entry.score! : null;
    return [{ replicaId: entry.replicaId, score, why: shortened(entry.why) }];
  });
}

/** Plugins may say as much as they like; a receipt keeps a sentence or two. */
export function shortened(why: string): string {
  return why.length > LONGEST_WHY ? `${why.slice(0, LONGEST_WHY - 1)}…` : why;
}

/** Roughly what a receipt takes in memory, with the objects that only it refers to. */
export function bytesOf(receipt: StoredReceipt): number {
  switch (receipt.kind) {
    case 'admission':
      return 900 + 120 * receipt.arrival.options.length;
    case 'dispatch':
      return 600 + fleetBytes(receipt.candidates) + scoreBytes(receipt.scores);
    case 'eviction':
    case 'relief':
      return 500;
    case 'requeue':
      return 200;
    case 'preemption':
      return 200 + 64 * receipt.candidates.length;
  }
}

function fleetBytes({ busy, facts }: FleetSnapshot): number {
  return 4 * busy.length + facts.ownBytes;
}

function scoreBytes(scores: readonly Score[]): number {
  let bytes = 0;
  for (const { why } of scores) bytes += 120 + why.length;
  return bytes;
}
