/** Something that comes up in a round, and there in the order of its sequence number. */
export interface Turn {
  round: number;
  sequence: number;
  /** Its place in the heap, kept by the heap. */
  slot: number;
}

/** The earliest turn on top. Adding, taking out and moving cost one step per doubling of the number of turns. */
export class TurnHeap<Kind extends Turn> {
  readonly #turns: Kind[] = [];

  get top(): Kind | undefined {
    return this.#turns[0];
  }

  get turns(): readonly Kind[] {
    return this.#turns;
  }

  add(turn: Kind): void {
    turn.slot = this.#turns.length;
    this.#turns.push(turn);
    this.#rise(turn);
  }

  takeOut(turn: Kind): void {
    const last = this.#turns.pop()!;
    if (last === turn) return;
    this.#put(last, turn.slot);
    this.moved(last);
  }

  /** Restores the order after `round` or `sequence` of a turn have changed. */
  moved(turn: Kind): void {
    this.#rise(turn);
    this.#sink(turn);
  }

  clear(): void {
    this.#turns.length = 0;
  }

  #rise(turn: Kind): void {
    let slot = turn.slot;
    while (slot > 0) {
      const parent = this.#turns[(slot - 1) >> 1]!;
      if (!isBefore(turn, parent)) break;
      const above = parent.slot;
      this.#put(parent, slot);
      slot = above;
    }
    this.#put(turn, slot);
  }

  #sink(turn: Kind): void {
    let slot = turn.slot;
    for (;;) {
      const child = this.#earlierChild(slot);
      if (child === undefined || !isBefore(child, turn)) break;
      const below = child.slot;
      this.#put(child, slot);
      slot = below;
    }
    this.#put(turn, slot);
  }

  #earlierChild(slot: number): Kind | undefined {
    const [left, right] = [this.#turns[2 * slot + 1], this.#turns[2 * slot + 2]];
    return right !== undefined && isBefore(right, left!) ? right : left;
  }

  #put(turn: Kind, slot: number): void {
    turn.slot = slot;
    this.#turns[slot] = turn;
  }
}

function isBefore(one: Turn, other: Turn): boolean {
  return one.round === other.round ? one.sequence < other.sequence : one.round < other.round;
}
