import { MinHeap } from './min-heap.js';

/** Beyond this many parts of tasks the play-out goes on at the mean rate. */
export const LONGEST_PLAYOUT = 1024;
/** Fractional part of the golden ratio: its multiples spread evenly over 0 to 1, in an order that mixes. */
const GOLDEN = 0.618_033_988_749_894_9;
/** Share of the slots that overtaking tasks are taken to need at most, so that every wait ends. */
const MOST_OVERTAKING = 0.8;

/** A pool's slots as the play-out sees them. */
export interface Slots {
  /** Parts that stand for one slot: a task whose length is not known ends at another time in each of them. */
  readonly parts: number;
  /** For each part of each slot the time until it is free, ascending; the first that are needed are enough. */
  readonly freeIn: readonly number[];
  /** Slots in all. */
  readonly count: number;
}

/** How long a task takes: the mean, and for a fraction `q` of all tasks no longer than `quantile(q)`. */
export interface Service {
  readonly mean: number;
  quantile(q: number): number;
}

/** Waiting tasks of one kind. */
export interface Group {
  readonly count: number;
  readonly service: Service;
}

/** Tasks that are still to come, evenly over time, and will go before everything that waits. */
export interface Overtaking {
  readonly everyMs: number;
  readonly service: Service;
}

/**
 * When a slot comes free for a task behind the groups `ahead`: one after another they go onto what is free first, after
 * those that have overtaken them by then. Slots and tasks are played in parts, so that the spread of their lengths counts,
 * not only the mean: of many tasks that run, some end long before their time.
 */
export function playOut(ahead: readonly Group[], slots: Slots, overtaking?: Overtaking): number {
  if (slots.count === 0) return ahead.reduce((sum, { count, service }) => sum + count * service.mean, 0);
  const played = new PlayOut(slots, overtaking);
  let leftMs = 0;
  for (const { count, service } of ahead) leftMs += played.put(count * slots.parts, service) * service.mean;
  const rest = leftMs / (slots.parts * slots.count * (1 - overtakingShare(slots, overtaking)));
  return played.middleStart() + rest;
}

/** The `n`-th of a sequence that fills 0 to 1 evenly, however long it gets. */
export function mixedQuantile(n: number): number {
  const x = (n + 0.5) * GOLDEN;
  return x - Math.floor(x);
}

/** Share of the slots that overtaking work keeps busy. */
export function overtakingShare({ count }: Slots, overtaking: Overtaking | undefined): number {
  if (overtaking === undefined) return 0;
  return Math.min(MOST_OVERTAKING, overtaking.service.mean / (overtaking.everyMs * Math.max(1, count)));
}

class PlayOut {
  private readonly again = new MinHeap();
  private fresh = 0;
  private placed = 0;
  private overtaken = 0;
  /** Parts of overtaking tasks that come in a millisecond. */
  private readonly partsPerMs: number;

  constructor(
    private readonly slots: Slots,
    private readonly overtaking: Overtaking | undefined,
  ) {
    const share = overtakingShare(slots, overtaking);
    this.partsPerMs = share === 0 ? 0 : (share * slots.count * slots.parts) / overtaking!.service.mean;
  }

  /** Places so many parts of tasks; answers how many are left because there are too many to play. */
  put(parts: number, service: Service): number {
    for (let left = parts; left > 0; left--) {
      if (this.placed + this.overtaken >= LONGEST_PLAYOUT) return left;
      this.again.push(this.nextStart() + service.quantile(mixedQuantile(this.placed++)));
    }
    return 0;
  }

  /** When the middle part of a task starts that comes after all that were placed. */
  middleStart(): number {
    let start = this.nextStart();
    for (let part = 0; part < Math.floor(this.slots.parts / 2); part++) {
      if (this.again.size === 0 && this.fresh >= this.slots.freeIn.length) break;
      start = this.nextStart();
    }
    return start;
  }

  /** When something is free that no task which has come by then takes first. */
  private nextStart(): number {
    let at = this.takeFirst();
    while (this.overtaken + 0.5 < at * this.partsPerMs && this.placed + this.overtaken < LONGEST_PLAYOUT) {
      this.again.push(at + this.overtaking!.service.quantile(mixedQuantile(this.overtaken++)));
      at = this.takeFirst();
    }
    return at;
  }

  private takeFirst(): number {
    const first = this.slots.freeIn[this.fresh];
    if (first === undefined || (this.again.size > 0 && this.again.least < first)) return this.again.pop();
    this.fresh++;
    return first;
  }
}
