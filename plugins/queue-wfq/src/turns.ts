import { type QueueItem } from '@llama-orch/plugin-sdk';
import { costOf } from './cost.js';
import { type Turn, TurnHeap } from './turn-heap.js';

/** What yields items when its turn has come. */
export interface Source {
  readonly size: number;
  takeFirst(): QueueItem | undefined;
  /** A copy to play through: taking from it leaves the original as it is. */
  playable(): Source;
}

/** One flow of a level, and where it stands. */
export interface Flow<Kind extends Source = Source> extends Turn {
  readonly key: string;
  readonly source: Kind;
  /** Tokens that a round gives. */
  readonly quantum: number;
  /** Tokens left in `round`, the first round in which there are any: above 0 whenever nobody looks. */
  credit: number;
  /** Tokens charged for items of which nobody has said yet what they cost. */
  unsettled: number;
}

/**
 * Deficit round robin between flows: each has a quantum of tokens per round and goes as long as any are left.
 *
 * The last item of a turn may cost more than is left. The flow then comes up again in the round that has paid for it:
 * rounds in between are not walked through, so an item costs one step in a heap however dear it is.
 */
export class Turns<Kind extends Source> {
  readonly #heap = new TurnHeap<Flow<Kind>>();
  #round = 0;
  #sequence = 0;

  get flows(): readonly Flow<Kind>[] {
    return this.#heap.turns;
  }

  /** A new flow comes up in the next round, behind all that are there: joining anew gives no turn twice. */
  join(key: string, quantum: number, source: Kind): Flow<Kind> {
    const standing = { credit: quantum, unsettled: 0, round: this.#round + 1, sequence: ++this.#sequence, slot: 0 };
    const flow = { key, quantum, source, ...standing };
    this.#heap.add(flow);
    return flow;
  }

  leave(flow: Flow<Kind>): void {
    this.#heap.takeOut(flow);
  }

  clear(): void {
    this.#heap.clear();
  }

  /** True as long as a flow has taken more than its rounds so far have given. */
  owes(flow: Flow<Kind>): boolean {
    const rounds = flow.round - this.#round;
    return rounds > 1 || (rounds === 1 && flow.credit < flow.quantum);
  }

  /** The flow whose turn it is; those without work that come up before it have paid and go to `dropped`. */
  current(dropped: (flow: Flow<Kind>) => void): Flow<Kind> | undefined {
    let top = this.#heap.top;
    while (top !== undefined && top.source.size === 0) {
      this.leave(top);
      dropped(top);
      top = this.#heap.top;
    }
    if (top !== undefined) this.#round = top.round;
    return top;
  }

  /** Takes tokens from a flow, or gives some back below 0; it never comes up before the current round. */
  charge(flow: Flow<Kind>, tokens: number): void {
    flow.credit -= tokens;
    if (flow.credit <= 0) this.#postpone(flow);
    else if (flow.credit > flow.quantum && flow.round > this.#round) this.#advance(flow);
  }

  /** Lets a flow owe at most `tokens`. */
  forgive(flow: Flow<Kind>, tokens: number): void {
    const latest = this.#round + 1 + Math.ceil(tokens / flow.quantum);
    if (flow.round <= latest) return;
    flow.round = latest;
    this.#heap.moved(flow);
  }

  /** The same standing between copies of the sources. */
  playable(): Turns<Source> {
    const copy = new Turns<Source>();
    copy.#round = this.#round;
    copy.#sequence = this.#sequence;
    for (const flow of this.#heap.turns) {
      if (flow.source.size > 0) copy.#heap.add({ ...flow, source: new Later(flow.source) });
    }
    return copy;
  }

  #postpone(flow: Flow<Kind>): void {
    const rounds = Math.floor(-flow.credit / flow.quantum) + 1;
    flow.credit += rounds * flow.quantum;
    flow.round += rounds;
    // Rounding may leave nothing where a trace ought to be.
    if (flow.credit <= 0) {
      flow.credit += flow.quantum;
      flow.round++;
    }
    flow.sequence = ++this.#sequence;
    this.#heap.moved(flow);
  }

  #advance(flow: Flow<Kind>): void {
    const rounds = Math.min(flow.round - this.#round, Math.ceil(flow.credit / flow.quantum) - 1);
    flow.credit -= rounds * flow.quantum;
    flow.round -= rounds;
    this.#heap.moved(flow);
  }
}

/** A copy that is made when it is needed: most plays end early. */
class Later implements Source {
  #copy: Source | undefined;

  constructor(private readonly original: Source) {}

  get size(): number {
    return (this.#copy ?? this.original).size;
  }

  takeFirst(): QueueItem | undefined {
    return (this.#copy ??= this.original.playable()).takeFirst();
  }

  playable(): Source {
    return (this.#copy ?? this.original).playable();
  }
}

/** Takes the next item of a level and charges its flow. */
export function takeTurn<Kind extends Source>(
  turns: Turns<Kind>,
  dropped: (flow: Flow<Kind>) => void,
): QueueItem | undefined {
  const flow = turns.current(dropped);
  if (flow === undefined) return undefined;
  const item = flow.source.takeFirst()!;
  const cost = costOf(item);
  flow.unsettled += cost;
  turns.charge(flow, cost);
  if (flow.source.size === 0 && !turns.owes(flow)) {
    turns.leave(flow);
    dropped(flow);
  }
  return item;
}
