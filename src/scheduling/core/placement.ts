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
    if (!replica.ready || replica.busy >= replica.slots) continue;
    candidates.push({ replicaId: replica.id, slotsTotal: replica.slots, slotsBusy: replica.busy, labels: replica.labels });
  }
  return candidates;
}

/** The replica that takes the item, or undefined when none may. A useless answer of the strategy is never followed. */
export function place(item: QueueItem, pool: CorePool, candidates: readonly PlacementCandidate[]): Placement | undefined {
  const [first] = candidates;
  if (first === undefined) return undefined;
  const offered = new Set(candidates.map((candidate) => candidate.replicaId));
  for (const ranked of rank(item, pool, candidates)) {
    const replica = pool.replicas.get(ranked.replicaId as CoreReplica['id']);
    if (replica !== undefined && offered.has(ranked.replicaId)) return { replica, why: ranked.why };
  }
  const replica = pool.replicas.get(first.replicaId as CoreReplica['id'])!;
  return { replica, why: 'the placement strategy named no candidate; the first one was taken' };
}

function rank(item: QueueItem, { strategy }: CorePool, candidates: readonly PlacementCandidate[]) {
  try {
    return strategy.rank(item, candidates);
  } catch {
    return [];
  }
}
