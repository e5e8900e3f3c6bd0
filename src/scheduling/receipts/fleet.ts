import { type PlacementCandidate } from '@llama-orch/plugin-sdk';
import { type CorePool } from '../core/model.js';
import { type FactColumns, Facts, factsAt } from './candidate-facts.js';

type FleetMember = Pick<PlacementCandidate, 'replicaId' | 'slotsTotal' | 'labels'>;

/** The replicas of a pool, shared by all snapshots that were taken while nothing but their load changed. */
type Fleet = readonly FleetMember[];

interface FleetLoad {
  readonly fleet: Fleet;
  /** Busy slots of each member; −1 where it was no candidate. */
  readonly busy: Int32Array;
}

/** The candidates of one dispatch in 4 bytes per replica of the pool, and what the strategy asked for beside. */
export interface FleetSnapshot extends FleetLoad {
  readonly facts: FactColumns;
}

const NOT_OFFERED = -1;
const NOBODY: Fleet = [];

/** Remembers candidates at the price of one pass over the pool. */
export class Fleets {
  private readonly fleets = new WeakMap<CorePool, Fleet>();
  private readonly facts = new Facts();

  snapshot(pool: CorePool, candidates: readonly PlacementCandidate[]): FleetSnapshot {
    return { ...this.load(pool, candidates), facts: this.facts.of(pool, candidates) };
  }

  private load(pool: CorePool, candidates: readonly PlacementCandidate[]): FleetLoad {
    const known = loadOf(this.fleets.get(pool) ?? NOBODY, candidates);
    if (known !== undefined) return known;
    const fleet = fleetOf(pool, candidates);
    this.fleets.set(pool, fleet);
    return loadOf(fleet, candidates)!;
  }
}

/** The candidates as they were. */
export function candidatesIn({ fleet, busy, facts }: FleetSnapshot): PlacementCandidate[] {
  let next = 0;
  return fleet.flatMap((member, at) => {
    const slotsBusy = busy[at]!;
    return slotsBusy === NOT_OFFERED ? [] : [{ ...member, slotsBusy, ...factsAt(facts, next++) }];
  });
}

/** Undefined when the candidates are not some of these members, in this order and with these facts. */
function loadOf(fleet: Fleet, candidates: readonly PlacementCandidate[]): FleetLoad | undefined {
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
  return loadOf(members, candidates) === undefined ? candidates.map(memberOf) : members;
}

function memberOf({ replicaId, slotsTotal, labels }: PlacementCandidate): FleetMember {
  return { replicaId, slotsTotal, labels };
}
