import { type ReplicaId } from '../../kernel/ids.js';
import { type CorePool, type CoreReplica, type SchedulerEvent, type SchedulerState } from './model.js';

type EventOf<Type extends SchedulerEvent['type']> = Extract<SchedulerEvent, { type: Type }>;

/** A replica is Ready: the start that was known before, or a new one. */
export function joinPool(pool: CorePool, event: EventOf<'replica-ready'>): void {
  const known = pool.replicas.get(event.replicaId);
  const { replicaId: id, epoch, slots, labels, interruptible } = event;
  const { rates = known?.rates, freeVramBytes = known?.freeVramBytes } = event;
  if (known?.epoch === epoch) {
    known.ready = true;
    known.retired = false;
    known.slots = slots;
    known.rates = rates;
    known.freeVramBytes = freeVramBytes;
    return;
  }
  const dispatches = Math.max(known?.dispatches ?? 0, fewestDispatches(pool, id));
  const facts = { dispatches, freeVramBytes, rates };
  pool.replicas.set(id, { id, epoch, slots, labels, interruptible, busy: 0, ready: true, ...facts });
}

export function noteMemory(state: SchedulerState, event: EventOf<'replica-memory'>): void {
  const replica = replicaOf(state, event);
  if (replica !== undefined) replica.freeVramBytes = event.freeVramBytes;
}

export function noteRates(state: SchedulerState, event: EventOf<'replica-rates'>): void {
  const replica = replicaOf(state, event);
  if (replica !== undefined) replica.rates = event.rates;
}

/** Whoever joins later has not to catch up with work that was never its own. */
function fewestDispatches({ replicas }: CorePool, newcomer: ReplicaId): number {
  let fewest = Infinity;
  for (const { id, ready, dispatches } of replicas.values())
    if (ready && id !== newcomer) fewest = Math.min(fewest, dispatches);
  return fewest === Infinity ? 0 : fewest;
}

function replicaOf(
  { pools }: SchedulerState,
  { poolId, replicaId }: EventOf<'replica-memory' | 'replica-rates'>,
): CoreReplica | undefined {
  return pools.get(poolId)?.replicas.get(replicaId);
}
