import { type TaskKey } from '../kernel/ids.js';

/** What a session spends: whole tokens, milliseconds of decoding, and billionths of a unit of cost. */
export interface Amounts {
  readonly tokens: number;
  readonly timeMs: number;
  readonly cost: number;
}

export type Dimension = keyof Amounts;
export const DIMENSIONS = ['tokens', 'timeMs', 'cost'] as const satisfies readonly Dimension[];

/** Upper bounds; a dimension that is absent has none. */
export type Caps = Readonly<Partial<Record<Dimension, number>>>;

export interface Terms {
  readonly caps: Caps;
  /** `advisory` counts, but neither refuses nor brakes. */
  readonly mode: 'enforce' | 'advisory';
}

interface Reservation {
  /** All that the task can spend; its time is an estimate that it may exceed. */
  readonly ask: Amounts;
  /** Not spent yet, and nobody else's. */
  readonly held: MutableAmounts;
  /** What the task reported so far. */
  seen: Amounts;
  /** What was booked of it. */
  readonly spent: MutableAmounts;
}

/** What a task of before a restart had reported and been charged for. */
export interface Charge {
  readonly task: TaskKey;
  readonly seen: Amounts;
  readonly spent: Amounts;
}

type MutableAmounts = { -readonly [Name in Dimension]: number };

/**
 * The budget of one session as plain data. All amounts are integers, so that sums are exact, and in every capped
 * dimension 0 ≤ used and used + held by all reservations ≤ cap. The functions below are its only writers.
 */
export interface Account {
  readonly terms: Terms;
  readonly used: MutableAmounts;
  readonly reservations: Map<TaskKey, Reservation>;
  /** Of tasks that may come back after a restart; each goes into the reservation of its task. */
  readonly carried: Map<TaskKey, Charge>;
}

/** What one step moved. Over all entries of an account, `spent` adds up to what is used, `held` to what is reserved. */
export interface LedgerEntry {
  readonly task: TaskKey;
  readonly held: Amounts;
  readonly spent: Amounts;
}

/** Why a task cannot be afforded: the first dimension that is short. */
export interface Shortfall {
  readonly dimension: Dimension;
  readonly cap: number;
  readonly used: number;
  /** Held by tasks that run or wait. */
  readonly reserved: number;
  readonly needed: number;
}

export interface Settlement {
  readonly entry: LedgerEntry;
  /** Nothing is left that the task could go on with. */
  readonly brake: boolean;
}

export const NOTHING: Amounts = { tokens: 0, timeMs: 0, cost: 0 };

/**
 * An account of which `used` is spent already, `charges` of it by tasks that may go on. What was reserved before a crash
 * is free again: nobody holds it.
 */
export function openAccount(terms: Terms, used: Amounts = NOTHING, charges: readonly Charge[] = []): Account {
  const carried = new Map(charges.map((charge) => [charge.task, charge]));
  return { terms, used: { ...used }, reservations: new Map(), carried };
}

/** What the open tasks of an account have been charged for. */
export function chargesOf({ reservations, carried }: Account): readonly Charge[] {
  const open = [...reservations].map(([task, { seen, spent }]) => ({ task, seen, spent: { ...spent } }));
  return [...open, ...carried.values()].filter(({ seen }) => DIMENSIONS.some((dimension) => seen[dimension] > 0));
}

/** What may still be spent in a capped dimension, reservations included; undefined without a cap. */
export function remaining({ terms, used }: Account, dimension: Dimension): number | undefined {
  const cap = terms.caps[dimension];
  return cap === undefined ? undefined : Math.max(0, cap - used[dimension]);
}

/** What stands in the way of a task that needs `least` to bring its first token; undefined when nothing does. */
export function shortfallOf(account: Account, least: Amounts): Shortfall | undefined {
  const { caps, mode } = account.terms;
  if (mode === 'advisory') return undefined;
  for (const dimension of DIMENSIONS) {
    const cap = caps[dimension];
    const needed = least[dimension];
    if (cap === undefined || needed <= unreserved(account, dimension)) continue;
    return { dimension, cap, used: account.used[dimension], reserved: heldOf(account, dimension), needed };
  }
  return undefined;
}

/**
 * Sets aside what the task asks for, cut to what is left; twice is harmless. Ask {@link shortfallOf} before. A task that
 * goes on after a restart has been charged for a part of it.
 */
export function reserve(account: Account, task: TaskKey, ask: Amounts): LedgerEntry {
  if (account.reservations.has(task)) return { task, held: NOTHING, spent: NOTHING };
  const { seen, spent } = account.carried.get(task) ?? { seen: NOTHING, spent: NOTHING };
  account.carried.delete(task);
  const held = { ...NOTHING };
  for (const dimension of DIMENSIONS) {
    const wanted = Math.max(0, ask[dimension] - spent[dimension]);
    held[dimension] = Math.min(wanted, unreserved(account, dimension));
  }
  account.reservations.set(task, { ask, held: { ...held }, seen, spent: { ...spent } });
  return { task, held, spent: NOTHING };
}

/**
 * Books what a task has used in all so far, so that repeated and late reports change nothing. A task takes from its
 * reservation first, then from what nobody reserved; beyond that there is nothing to take. The `last` report is the true
 * one: what estimates before it booked too much is given back.
 */
export function settle(account: Account, task: TaskKey, usedSoFar: Amounts, last?: 'last'): Settlement {
  const held = { ...NOTHING };
  const spent = { ...NOTHING };
  const entry = { task, held, spent };
  const reservation = account.reservations.get(task);
  if (reservation === undefined) return { entry, brake: false };
  for (const dimension of DIMENSIONS) {
    const more = Math.max(0, usedSoFar[dimension] - reservation.seen[dimension]);
    const free = unreserved(account, dimension);
    const fromHeld = Math.min(more, reservation.held[dimension]);
    spent[dimension] = fromHeld + Math.min(more - fromHeld, free);
    held[dimension] = 0 - fromHeld;
    reservation.held[dimension] -= fromHeld;
    if (last) spent[dimension] -= Math.max(0, reservation.spent[dimension] - usedSoFar[dimension]);
    reservation.spent[dimension] += spent[dimension];
    account.used[dimension] += spent[dimension];
  }
  reservation.seen = largest(reservation.seen, usedSoFar);
  return { entry, brake: isSpent(account, reservation) };
}

/** Gives back what the task did not use. The second time there is nothing left to give. */
export function refund(account: Account, task: TaskKey): LedgerEntry {
  const reservation = account.reservations.get(task);
  if (reservation === undefined) return { task, held: NOTHING, spent: NOTHING };
  account.reservations.delete(task);
  const held = { ...NOTHING };
  for (const dimension of DIMENSIONS) held[dimension] = 0 - reservation.held[dimension];
  return { task, held, spent: NOTHING };
}

/** Held by all reservations together. */
export function heldOf({ reservations }: Account, dimension: Dimension): number {
  let sum = 0;
  for (const { held } of reservations.values()) sum += held[dimension];
  return sum;
}

function unreserved(account: Account, dimension: Dimension): number {
  const cap = account.terms.caps[dimension];
  // Without a cap there is nothing to share out: whatever is asked for is there.
  if (cap === undefined) return Number.MAX_SAFE_INTEGER;
  return Math.max(0, cap - account.used[dimension] - heldOf(account, dimension));
}

/** A task that has had all it asked for ends by itself; only time can run on beyond the estimate. */
function isSpent(account: Account, { ask, held, seen }: Reservation): boolean {
  const { caps, mode } = account.terms;
  if (mode === 'advisory') return false;
  return DIMENSIONS.some((dimension) => {
    if (caps[dimension] === undefined || held[dimension] > 0 || unreserved(account, dimension) > 0) return false;
    return dimension === 'timeMs' || seen[dimension] < ask[dimension];
  });
}

function largest(a: Amounts, b: Amounts): Amounts {
  return {
    tokens: Math.max(a.tokens, b.tokens),
    timeMs: Math.max(a.timeMs, b.timeMs),
    cost: Math.max(a.cost, b.cost),
  };
}
