import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type HeldPlaces } from '../core/model.js';
import { DueOrder } from './due-order.js';

/** Whom a place in a queue is kept for. */
export interface Caller {
  /** Names one call across its retries; undefined when the caller gave it no name. */
  readonly call: string | undefined;
  /** Names the caller. */
  readonly client: string;
  readonly priority: PriorityClass;
}

interface Promised extends Caller {
  /** When the caller was told to come, on the monotonic clock. */
  readonly dueAt: number;
}

/** How long a place is kept for a caller who is late. */
const GRACE_MS = 2_000;
/** How much too early a caller may come and still find the place: clocks and networks differ. */
const EARLY_MS = 50;

/** Promises that a client may let lapse, beyond those that it kept, before it is given more than one at a time. */
const LAPSES_FORGIVEN = 4;
/** Lapses that are counted: whoever comes as told again is believed again before long. */
const MOST_LAPSES = 8;

/** What a client makes of its promises. */
interface Standing {
  outstanding: number;
  /** Lapsed ones less those that it came for, 0 to {@link MOST_LAPSES}. */
  lapses: number;
}

/**
 * Places in a queue that refused callers were told to come back for. They are kept for them: without that, whoever
 * happens to call when a place frees would take it, and a caller who waits as told would be refused again.
 */
export class PromisedPlaces {
  private readonly due: Readonly<Record<PriorityClass, DueOrder<Promised>>> = {
    interactive: new DueOrder(),
    batch: new DueOrder(),
  };
  /** Promises of one holder, in the order in which they were made. */
  private readonly held = new Map<string, Promised[]>();
  private readonly standings = new Map<string, Standing>();

  /** @param most places that may be promised at once */
  constructor(private readonly most: number) {}

  /** Promises whose holders may still come. */
  outstanding(now: number): number {
    this.forgetLate(now);
    return this.size;
  }

  /** When this call was told to come; undefined when it holds no promise. */
  dueAt(caller: Caller, now: number): number | undefined {
    this.forgetLate(now);
    return caller.call === undefined ? undefined : this.held.get(holderOf(caller))?.[0]?.dueAt;
  }

  /** False when as many promises are out as may be, or when the client has shown that it does not come. */
  promise(caller: Caller, dueAt: number): boolean {
    const standing = this.standingOf(caller);
    if (this.size >= this.most || (isUnreliable(standing) && standing.outstanding > 0)) return false;
    standing.outstanding++;
    this.standings.set(caller.client, standing);
    const promised = { ...caller, dueAt };
    const holder = holderOf(caller);
    const earlier = this.held.get(holder);
    if (earlier === undefined) this.held.set(holder, [promised]);
    else earlier.push(promised);
    this.due[caller.priority].add(promised);
    return true;
  }

  /** Places that the caller may not take: those of promises that are due before its own, or of all when it has none. */
  heldFrom(caller: Caller, now: number): HeldPlaces {
    this.forgetLate(now);
    const before = this.promiseOf(caller, now)?.dueAt ?? Infinity;
    const ofClass = this.due[caller.priority].countBefore(before);
    return { all: ofClass + this.due[otherClass(caller.priority)].countBefore(before), ofClass };
  }

  /** The caller was admitted: what it was promised is fulfilled. */
  redeem(caller: Caller, now: number): void {
    this.fulfil(this.promiseOf(caller, now));
  }

  /** The caller was refused. If it came as told, its promise is over, and that is no fault of its own. */
  cameInVain(caller: Caller, now: number): void {
    // One without a name that is not due yet belongs to somebody else who will come for it.
    const own = this.promiseOf(caller, now);
    if (own !== undefined && own.dueAt <= now) this.fulfil(own);
  }

  private fulfil(own: Promised | undefined): void {
    if (own === undefined) return;
    const standing = this.standingOf(own);
    standing.lapses = Math.max(0, standing.lapses - 1);
    this.drop(own);
  }

  private get size(): number {
    return this.due.interactive.size + this.due.batch.size;
  }

  /** A named call holds its own promise; one without a name takes any of its client's that is due. */
  private promiseOf(caller: Caller, now: number): Promised | undefined {
    const own = this.held.get(holderOf(caller));
    return caller.call === undefined ? own?.find(({ dueAt }) => dueAt <= now + EARLY_MS) : own?.[0];
  }

  private forgetLate(now: number): void {
    for (const order of [this.due.interactive, this.due.batch]) {
      for (const late of order.takeBefore(now - GRACE_MS)) this.lapse(late);
    }
  }

  private lapse(late: Promised): void {
    const standing = this.standingOf(late);
    standing.lapses = Math.min(MOST_LAPSES, standing.lapses + 1);
    // It may have gone already, with the others of its client.
    if (this.isHeld(late)) this.forget(late);
    if (!isUnreliable(standing) || standing.outstanding === 0) return;
    for (const promised of [...this.held.values()].flat()) if (promised.client === late.client) this.drop(promised);
  }

  private isHeld(promised: Promised): boolean {
    return this.held.get(holderOf(promised))?.includes(promised) === true;
  }

  private standingOf({ client }: Caller): Standing {
    return this.standings.get(client) ?? { outstanding: 0, lapses: 0 };
  }

  private drop(promised: Promised): void {
    this.due[promised.priority].remove(promised);
    this.forget(promised);
  }

  private forget(promised: Promised): void {
    const standing = this.standingOf(promised);
    standing.outstanding--;
    if (standing.outstanding === 0 && standing.lapses === 0) this.standings.delete(promised.client);
    const holder = holderOf(promised);
    const left = this.held.get(holder)!.filter((one) => one !== promised);
    if (left.length === 0) this.held.delete(holder);
    else this.held.set(holder, left);
  }
}

function isUnreliable({ lapses }: Standing): boolean {
  return lapses >= LAPSES_FORGIVEN;
}

/** A call by its name; a client's calls without a name are alike inside a class. */
function holderOf({ call, client, priority }: Caller): string {
  return call === undefined ? `client/${priority}/${client}` : `call/${call}`;
}

function otherClass(priority: PriorityClass): PriorityClass {
  return priority === 'interactive' ? 'batch' : 'interactive';
}
