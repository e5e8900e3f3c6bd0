import { type PlacementCandidate, type QueueItem } from '@llama-orch/plugin-sdk';
import { type CorePool, type CoreReplica } from './model.js';

export interface Placement {
  readonly replica: CoreReplica;
  readonly why: string;
}

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

/** The replica that takes the item, or undefined when none may. A useless answer of the strategy is never followed. */
export function place(
  item: QueueItem,
  pool: CorePool,
  candidates: readonly PlacementCandidate[],
): Placement | undefined {
  const [first] = candidates;
  if (first === undefined) return undefined;
  return (
    bestRanked(item, pool, candidates) ?? {
      replica: replicaOf(pool, first.replicaId)!,
      why: 'the placement strategy named no candidate; the first one was taken',
    }
  );
}

/** Whatever foreign code throws or answers here, the task must not get lost. */
function bestRanked(item: QueueItem, pool: CorePool, candidates: readonly PlacementCandidate[]): Placement | undefined {
  try {
    for (const { replicaId, why } of pool.strategy.rank(item, candidates)) {
      const replica = replicaOf(pool, replicaId);
      if (replica !== undefined && mayTake(replica)) return { replica, why };
    }
  } catch {
    return undefined;
  }
  return undefined;
}

/** True when a replica may be offered; nothing changes between the offer and the answer, so it holds for both. */
export function mayTake(replica: CoreReplica): boolean {
  return replica.ready && replica.busy < replica.slots;
}

function replicaOf(pool: CorePool, id: string): CoreReplica | undefined {
  return pool.replicas.get(id as CoreReplica['id']);
}
