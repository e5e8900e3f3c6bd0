import { type Random } from '../../kernel/random.js';
import { PromiseLine } from './promise-line.js';
import { type Rate, TokenBucket } from './token-bucket.js';

/** A bucket that tells each refused caller a time of its own, so that those who wait as told are let in. */
export class RateLimit {
  private readonly bucket: TokenBucket;
  private readonly line: PromiseLine;

  constructor(
    readonly rate: Rate,
    random: Random,
    now: number,
  ) {
    this.bucket = new TokenBucket(rate, now);
    this.line = new PromiseLine(random);
  }

  /** Takes `cost` tokens if they are there. */
  take(cost: number, now: number): boolean {
    const taken = this.bucket.take(cost, now);
    // With more left, those who were told to wait can all come now.
    if (taken && this.bucket.left(now) >= 1) this.line.clear();
    return taken;
  }

  /** Milliseconds until `cost` tokens are there, whoever takes them: 0 now, Infinity never. */
  waitMs(cost: number, now: number): number {
    return this.bucket.waitMs(cost, now);
  }

  /**
   * When a refused caller may come again, 1 to 60 000 ms. Two are never told the same token: between one and the next
   * there is time for as many tokens as the next one takes, so that even a bucket of one token has them.
   */
  promiseMs(cost: number, now: number): number {
    return this.line.nextMs(now, this.bucket.waitMs(cost, now), (cost * this.rate.perMs) / this.rate.tokens);
  }

  /** Gives tokens back; a negative number takes more, whether they are there or not. */
  correct(tokens: number, now: number): void {
    this.bucket.correct(tokens, now);
  }

  /** Whole tokens that are there. */
  left(now: number): number {
    return Math.max(0, this.bucket.left(now));
  }

  /** Tokens that were taken and have not come in again. */
  used(now: number): number {
    return this.rate.burst - this.bucket.left(now);
  }

  /** True when nothing is owed to anybody: forgetting it changes nothing. */
  isFull(now: number): boolean {
    return this.bucket.isFull(now);
  }
}
