import { type PlacementCandidate, type PlacementStrategy, type QueueItem, type Ranked } from '@llama-orch/plugin-sdk';
import { type CorePool, type CoreReplica } from './model.js';

export interface Placement {
  readonly replicaId: string;
  readonly why: string;
  /** The strategy's answer, best first; empty when it gave none that can be read. */
  readonly ranking: readonly Ranked[];
}

const WARM = "the session's last task ran here, so its cache may be warm";
const UNRANKED = 'the placement strategy named no candidate; the first one was taken';

/** Ready replicas with a free slot. */
export function candidatesOf(pool: CorePool): PlacementCandidate[] {
  const candidates: PlacementCandidate[] = [];
  for (const replica of pool.replicas.values()) {
    if (!mayTake(replica)) continue;
    candidates.push({
      replicaId: replica.id,
      slotsTotal: replica.slots,
      slotsBusy: replica.busy,
      labels: replica.labels,
    });
  }
  return candidates;
}

/**
 * The replica that takes the item, or undefined without candidates: a function of its arguments alone.
 * `isOffered` tells whether an id is among the candidates; `wish` goes before the ranking where it is one. A useless answer of the strategy is never followed.
 */
export function place(
  item: QueueItem,
  candidates: readonly PlacementCandidate[],
  strategy: PlacementStrategy,
  isOffered: (replicaId: string) => boolean,
  wish?: string,
): Placement | undefined {
  const [first] = candidates;
  if (first === undefined) return undefined;
  if (wish !== undefined && isOffered(wish)) return { replicaId: wish, why: WARM, ranking: [] };
  const ranking = rankingOf(item, candidates, strategy);
  return bestOf(ranking, isOffered) ?? { replicaId: first.replicaId, why: UNRANKED, ranking };
}

/** Whatever foreign code throws or answers here, the task must not get lost. */
function rankingOf(
  item: QueueItem,
  candidates: readonly PlacementCandidate[],
  strategy: PlacementStrategy,
): readonly Ranked[] {
  try {
    const ranking: unknown = strategy.rank(item, candidates);
    return Array.isArray(ranking) ? (ranking as readonly Ranked[]) : [];
  } catch {
    return [];
  }
}

function bestOf(ranking: readonly Ranked[], isOffered: (replicaId: string) => boolean): Placement | undefined {
  for (const entry of ranking as readonly unknown[]) {
    if (isRanked(entry) && isOffered(entry.replicaId)) return { replicaId: entry.replicaId, why: entry.why, ranking };
  }
  return undefined;
}

/** True for an entry that says which replica and why; strategies are foreign code. */
function isRanked(entry: unknown): entry is Ranked {
  if (typeof entry !== 'object' || entry === null) return false;
  const { replicaId, why } = entry as Partial<Ranked>;
  return typeof replicaId === 'string' && typeof why === 'string';
}

/** True when a replica may be offered; nothing changes between the offer and the answer, so it holds for both. */
export function mayTake(replica: CoreReplica): boolean {
  return replica.ready && replica.busy < replica.slots;
}

export function hasFreeSlot(pool: CorePool): boolean {
  for (const replica of pool.replicas.values()) if (mayTake(replica)) return true;
  return false;
}
