/** How a bucket fills: `tokens` come in every `perMs`, up to `burst`. Whole numbers. */
export interface Rate {
  readonly tokens: number;
  readonly perMs: number;
  /** The most that can be taken at once. */
  readonly burst: number;
}

/** Thousandths of a request per second are the finest rate. */
const FINENESS = 1000;

/** `burst` defaults to what comes in within a second, at least one. */
export function perSecond(rps: number, burst = Math.max(1, Math.ceil(rps))): Rate {
  return { tokens: Math.round(rps * FINENESS), perMs: 1000 * FINENESS, burst };
}

export function perMinute(tokens: number): Rate {
  return { tokens, perMs: 60_000, burst: tokens };
}

/**
 * Tokens that come in steadily and are taken in bursts. Time is milliseconds of one clock that never runs backwards.
 * The level is counted in whole parts of a token, so that it is exact however often and how unevenly it is looked at.
 */
export class TokenBucket {
  /** One token is `perMs` parts; each millisecond brings `tokens` of them. Below zero after a correction. */
  private parts: number;
  private at: number;

  /** A full one. */
  constructor(
    readonly rate: Rate,
    now: number,
  ) {
    this.parts = rate.burst * rate.perMs;
    this.at = Math.floor(now);
  }

  /** Takes `cost` tokens if they are there. */
  take(cost: number, now: number): boolean {
    if (this.waitMs(cost, now) > 0) return false;
    this.parts -= cost * this.rate.perMs;
    return true;
  }

  /** Milliseconds until `cost` tokens are there: 0 now, Infinity when there are never so many. */
  waitMs(cost: number, now: number): number {
    if (cost > this.rate.burst) return Infinity;
    this.fill(now);
    const missing = cost * this.rate.perMs - this.parts;
    return missing <= 0 ? 0 : Math.ceil(missing / this.rate.tokens);
  }

  /** Gives tokens back, or takes more whether they are there or not when `tokens` is negative. */
  correct(tokens: number, now: number): void {
    this.fill(now);
    this.parts = Math.min(this.full, this.parts + tokens * this.rate.perMs);
  }

  /** Whole tokens that are there; below zero in debt. */
  left(now: number): number {
    this.fill(now);
    return Math.floor(this.parts / this.rate.perMs);
  }

  /** True when it holds as much as a new one. */
  isFull(now: number): boolean {
    this.fill(now);
    return this.parts === this.full;
  }

  private get full(): number {
    return this.rate.burst * this.rate.perMs;
  }

  private fill(now: number): void {
    const elapsed = Math.floor(now) - this.at;
    if (elapsed <= 0) return;
    this.at += elapsed;
    this.parts = Math.min(this.full, this.parts + elapsed * this.rate.tokens);
  }
}
