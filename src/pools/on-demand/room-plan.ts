import { type ReplicaId } from '../../kernel/ids.js';

/** A replica that holds memory and gives it back when asked. Times in ms of the monotonic clock. */
export interface Resident {
  readonly id: ReplicaId;
  /** Tasks that run on it. */
  readonly busy: number;
  /** Tasks that wait for its pool. */
  readonly waiting: number;
  /** What loading it again takes, ms. */
  readonly loadMs: number;
  /** Undefined while it still loads. */
  readonly readyAt: number | undefined;
  /** When its pool last had a task. */
  readonly usedAt: number;
}

export interface ResidencyRules {
  /** Least time that a model stays loaded, ms. */
  readonly minLoadedMs: number;
  /** Time after which a model with more tasks gives way to one that waits, ms. */
  readonly maxTurnMs: number;
}

/** How one replica comes to its memory. */
export type RoomPlan =
  | { readonly type: 'room' }
  | { readonly type: 'evict'; readonly victims: readonly ReplicaId[] }
  /** These will give way, but not before `untilAt`. */
  | { readonly type: 'wait'; readonly victims: readonly ReplicaId[]; readonly untilAt: number }
  /** Not even without all of them. */
  | { readonly type: 'impossible' };

export interface RoomQuestion {
  readonly residents: readonly Resident[];
  /** What loading the one that needs room takes, ms. */
  readonly loadMs: number;
  /** True when it finds room without these. */
  readonly fits: (gone: ReadonlySet<ReplicaId>) => boolean;
  readonly rules: ResidencyRules;
  readonly now: number;
}

/** Loads that a model with work may serve for what its own load took: at most a fifth of the time goes into loading. */
const TURN_LOADS = 4;
/** Part of its load time that a model stays even when nobody asks for it. */
const SETTLE_SHARE = 0.5;
/** Part of the cost of a swap that is waited for one more task of the model that would have to go. */
const LINGER_SHARE = 0.05;
/** A model with work is loaded again for certain; this also stands for those who then wait. */
const WORKING_COST = 2;
/** With more residents than this the cheapest are taken one by one, instead of the best set of all. */
const MOST_COMPARED = 10;

/**
 * Chooses who gives way: the set with the least cost of loading it again, plus the time until it may go. A resident
 * with work keeps its turn, one without goes soon; so nobody starves, and swaps are few however the tasks come.
 */
export function planRoom(question: RoomQuestion): RoomPlan {
  const { residents, fits, now } = question;
  if (fits(new Set())) return { type: 'room' };
  const options = residents.map((resident) => optionOf(resident, question));
  const chosen = options.length > MOST_COMPARED ? oneByOne(options, fits) : cheapest(options, fits, now);
  if (chosen === undefined) return { type: 'impossible' };
  const victims = chosen.map(({ id }) => id);
  const untilAt = Math.max(...chosen.map(({ goesAt }) => goesAt));
  return untilAt <= now ? { type: 'evict', victims } : { type: 'wait', victims, untilAt };
}

interface Option {
  readonly id: ReplicaId;
  /** Monotonic ms from which on it may be asked to go. */
  readonly goesAt: number;
  readonly cost: number;
}

function optionOf(resident: Resident, question: RoomQuestion): Option {
  return { id: resident.id, goesAt: goesAt(resident, question), cost: costOf(resident, question.now) };
}

/** From when on a resident may be asked to go. */
function goesAt(resident: Resident, { loadMs, rules, now }: Omit<RoomQuestion, 'residents' | 'fits'>): number {
  const { readyAt, usedAt } = resident;
  const turn = turnMs(resident.loadMs, rules);
  // What it is loading for is served first; nobody knows better when that will be.
  if (readyAt === undefined) return resident.waiting > 0 ? now + resident.loadMs + turn : now;
  if (hasWork(resident)) return readyAt + turn;
  const settled = readyAt + Math.min(turn, Math.max(rules.minLoadedMs, resident.loadMs * SETTLE_SHARE));
  const quiet = usedAt + (resident.loadMs + loadMs) * LINGER_SHARE;
  return Math.max(settled, quiet);
}

/** How long a model with work stays when others wait. */
export function turnMs(loadMs: number, { minLoadedMs, maxTurnMs }: ResidencyRules): number {
  return Math.max(minLoadedMs, Math.min(TURN_LOADS * loadMs, maxTurnMs));
}

/** Time that is lost if it goes: its load, the less likely the longer nobody asked for it. At least 1. */
function costOf(resident: Resident, now: number): number {
  const { loadMs } = resident;
  if (hasWork(resident)) return 1 + WORKING_COST * loadMs;
  const idleMs = Math.max(0, now - resident.usedAt);
  return 1 + (loadMs * loadMs) / Math.max(1, loadMs + idleMs);
}

function hasWork({ busy, waiting }: Resident): boolean {
  return busy > 0 || waiting > 0;
}

function cheapest(options: readonly Option[], fits: RoomQuestion['fits'], now: number): readonly Option[] | undefined {
  const sets = Array.from({ length: 2 ** options.length - 1 }, (_, at) =>
    options.filter((_o, bit) => bitOf(at + 1, bit)),
  );
  const priced = sets.map((set) => ({ set, price: priceOf(set, now) }));
  return priced.toSorted((a, b) => a.price - b.price).find(({ set }) => fits(idsOf(set)))?.set;
}

function priceOf(set: readonly Option[], now: number): number {
  const wait = Math.max(0, ...set.map((option) => option.goesAt - now));
  return set.reduce((sum, { cost }) => sum + cost, wait);
}

/** Takes the cheapest until it fits, then leaves out whoever turned out not to be needed, dearest first. */
function oneByOne(options: readonly Option[], fits: RoomQuestion['fits']): readonly Option[] | undefined {
  const ascending = options.toSorted((a, b) => a.goesAt + a.cost - (b.goesAt + b.cost));
  const count = ascending.findIndex((_, at) => fits(idsOf(ascending.slice(0, at + 1)))) + 1;
  if (count === 0) return undefined;
  let chosen = ascending.slice(0, count);
  for (const option of chosen.toReversed()) {
    const without = chosen.filter((other) => other !== option);
    if (without.length > 0 && fits(idsOf(without))) chosen = without;
  }
  return chosen;
}

function idsOf(options: readonly Option[]): ReadonlySet<ReplicaId> {
  return new Set(options.map(({ id }) => id));
}

function bitOf(number: number, bit: number): boolean {
  return ((number >> bit) & 1) === 1;
}
