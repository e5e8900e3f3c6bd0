import { type PlacementCandidate, type Ranked } from '@llama-orch/plugin-sdk';

/** Candidates that no criterion tells apart. */
interface Group {
  readonly slotsBusy: number;
  /** 0 for idle replicas: without work, their size makes no difference. */
  readonly slotsTotal: number;
  readonly zoneLoad: number;
  readonly replicaIds: string[];
}

/** Share of busy slots per `labels.zone`, over the candidates that were offered; empty when there is one zone only. */
type ZoneLoads = ReadonlyMap<string, number>;

/** Far above the slots of any engine; keeps two counts apart in one number. */
const SLOTS_LIMIT = 2 ** 26;

/** One replica takes the task; a few more are named for the record, and naming a thousand would cost more than choosing. */
const MOST_NAMED = 16;

/** Least loaded first, the best few; see the README for the criteria. A function of its argument alone. */
export function rankByLoad(candidates: readonly PlacementCandidate[]): Ranked[] {
  const ranked: Ranked[] = [];
  for (const [place, group] of groupEquals(candidates, measureZones(candidates)).sort(byLoad).entries()) {
    if (ranked.length === MOST_NAMED) break;
    ranked.push(...toRanked(group, place).slice(0, MOST_NAMED - ranked.length));
  }
  return ranked;
}

function measureZones(candidates: readonly PlacementCandidate[]): ZoneLoads {
  const zones = new Map<string, { busy: number; total: number }>();
  for (const { labels, slotsBusy, slotsTotal } of candidates) {
    if (labels.zone === undefined) continue;
    const zone = zones.get(labels.zone) ?? { busy: 0, total: 0 };
    zones.set(labels.zone, zone);
    zone.busy += slotsBusy;
    zone.total += slotsTotal;
  }
  if (zones.size < 2) return new Map();
  return new Map(Array.from(zones, ([zone, { busy, total }]) => [zone, busy / total]));
}

/** Few groups stand for many replicas, so sorting and explaining cost little. */
function groupEquals(candidates: readonly PlacementCandidate[], zoneLoads: ZoneLoads): Group[] {
  const groups = new Map<number, Map<number, Group>>();
  for (const { replicaId, slotsBusy, slotsTotal, labels } of candidates) {
    const zoneLoad = (labels.zone !== undefined && zoneLoads.get(labels.zone)) || 0;
    const countedTotal = slotsBusy === 0 ? 0 : slotsTotal;
    const bySlots = entryOf(groups, countedTotal * SLOTS_LIMIT + slotsBusy, () => new Map<number, Group>());
    const group = entryOf(bySlots, zoneLoad, () => ({ slotsBusy, slotsTotal: countedTotal, zoneLoad, replicaIds: [] }));
    group.replicaIds.push(replicaId);
  }
  return Array.from(groups.values(), (bySlots) => [...bySlots.values()]).flat();
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const present = map.get(key);
  if (present !== undefined) return present;
  const made = make();
  map.set(key, made);
  return made;
}

function byLoad(a: Group, b: Group): number {
  return shareDifference(a, b) || a.slotsBusy - b.slotsBusy || a.zoneLoad - b.zoneLoad;
}

/** Sign of busy/total of `a` less that of `b`, in whole numbers: 1/3 and 2/6 are equal here. */
function shareDifference(a: Group, b: Group): number {
  if (a.slotsBusy === 0 || b.slotsBusy === 0) return a.slotsBusy - b.slotsBusy;
  return a.slotsBusy * b.slotsTotal - b.slotsBusy * a.slotsTotal;
}

function toRanked(group: Group, place: number): Ranked[] {
  const why = explain(group);
  const best = group.replicaIds.sort().slice(0, MOST_NAMED);
  return best.map((replicaId) => ({ replicaId, score: place, why }));
}

function explain({ slotsBusy, slotsTotal, zoneLoad }: Group): string {
  const slots = slotsBusy === 0 ? 'No slot is busy' : `${slotsBusy} of ${slotsTotal} slots are busy`;
  return zoneLoad === 0 ? `${slots}.` : `${slots}, ${Math.round(zoneLoad * 100)} % of all in its zone.`;
}
