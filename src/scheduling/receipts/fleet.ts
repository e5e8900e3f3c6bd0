import { type PlacementCandidate } from '@llama-orch/plugin-sdk';
import { type CorePool } from '../core/model.js';

type FleetMember = Omit<PlacementCandidate, 'slotsBusy'>;

/** The replicas of a pool, shared by all snapshots that were taken while nothing but their load changed. */
type Fleet = readonly FleetMember[];

/** The candidates of one dispatch in 4 bytes per replica of the pool. */
export interface FleetSnapshot {
  readonly fleet: Fleet;
  /** Busy slots of each member; −1 where it was no candidate. */
  readonly busy: Int32Array;
}

const NOT_OFFERED = -1;
const NOBODY: Fleet = [];

/** Remembers candidates at the price of one pass over the pool. */
export class Fleets {
  private readonly fleets = new WeakMap<CorePool, Fleet>();

  snapshot(pool: CorePool, candidates: readonly PlacementCandidate[]): FleetSnapshot {
    const known = loadOf(this.fleets.get(pool) ?? NOBODY, candidates);
    if (known !== undefined) return known;
    const fleet = fleetOf(pool, candidates);
    this.fleets.set(pool, fleet);
    return loadOf(fleet, candidates)!;
  }
}

/** The candidates as they were. */
export function candidatesIn({ fleet, busy }: FleetSnapshot): PlacementCandidate[] {
  return fleet.flatMap((member, at) => {
    const slotsBusy = busy[at]!;
    return slotsBusy === NOT_OFFERED ? [] : [{ ...member, slotsBusy }];
  });
}

/** Undefined when the candidates are not some of these members, in this order and with these facts. */
function loadOf(fleet: Fleet, candidates: readonly PlacementCandidate[]): FleetSnapshot | undefined {
  const busy = new Int32Array(fleet.length);
  let next = 0;
  for (let at = 0; at < fleet.length; at++) {
    const candidate = candidates[next];
    const offered = candidate !== undefined && isSame(fleet[at]!, candidate);
    busy[at] = offered ? candidate.slotsBusy : NOT_OFFERED;
    if (offered) next++;
  }
  return next === candidates.length ? { fleet, busy } : undefined;
}

function isSame(member: FleetMember, candidate: PlacementCandidate): boolean {
  return (
    member.replicaId === candidate.replicaId &&
    member.slotsTotal === candidate.slotsTotal &&
    member.labels === candidate.labels
  );
}

/** The whole pool, so that replicas that are full now need no new list when they are candidates again. */
function fleetOf(pool: CorePool, candidates: readonly PlacementCandidate[]): Fleet {
  const members = [...pool.replicas.values()].map(({ id, slots, labels }) => ({
    replicaId: id,
    slotsTotal: slots,
    labels,
  }));
  return loadOf(members, candidates) === undefined ? candidates.map(({ slotsBusy: _, ...member }) => member) : members;
}
