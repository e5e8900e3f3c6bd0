const BITS = 5;
const FAN_OUT = 1 << BITS;

/**
 * Counts marked slots of a ring, and how many lie before a slot.
 *
 * One layer of counters per power of 32: marking writes one counter per layer (four for a million slots),
 * counting reads at most 31 counters per layer.
 */
export class HoleCounts {
  readonly #layers: readonly Uint32Array[];
  #total = 0;

  constructor(capacity: number) {
    const layers = [];
    for (let length = capacity; ; length = Math.ceil(length / FAN_OUT)) {
      layers.push(new Uint32Array(length));
      if (length <= FAN_OUT) break;
    }
    this.#layers = layers;
  }

  get total(): number {
    return this.#total;
  }

  mark(slot: number): void {
    this.#add(slot, 1);
  }

  unmark(slot: number): void {
    this.#add(slot, -1);
  }

  /** Marked slots in `[0, slot)`. */
  before(slot: number): number {
    if (this.#total === 0) return 0;
    let sum = 0;
    let end = slot;
    for (const layer of this.#layers) {
      for (let at = end & -FAN_OUT; at < end; at++) sum += layer[at]!;
      end >>>= BITS;
    }
    return sum;
  }

  #add(slot: number, difference: 1 | -1): void {
    this.#total += difference;
    let at = slot;
    for (const layer of this.#layers) {
      layer[at]! += difference;
      at >>>= BITS;
    }
  }
}
