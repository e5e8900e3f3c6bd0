/** The only source of randomness that decisions may use. */
export abstract class Random {
  /** Uniform in [0, 1). */
  abstract next(): number;
}

export class SystemRandom extends Random {
  override next(): number {
    return Math.random();
  }
}

/** Mulberry32: the same seed gives the same sequence. */
export class SeededRandom extends Random {
  private state: number;

  constructor(seed: number) {
    super();
    this.state = seed >>> 0;
  }

  override next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
}
