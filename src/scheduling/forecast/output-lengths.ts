const REMEMBERED = 200;

/** Mean and variance of a quantity that is not known yet. */
export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/** The lengths of the last answers, in tokens: what the next one will take, and what is left of one that runs. */
export class OutputLengths {
  private readonly ring: number[] = [];
  private next = 0;
  /** Ascending. */
  private readonly sorted: number[] = [];
  /** Sums, and sums of squares, of the first `n` of `sorted`. */
  private readonly sums = new Float64Array(REMEMBERED + 1);
  private readonly squares = new Float64Array(REMEMBERED + 1);
  /** Mean and standard deviation of all of them. */
  private mean = 0;
  private unit = 0;

  get count(): number {
    return this.sorted.length;
  }

  observe(tokens: number): void {
    const oldest = this.ring[this.next];
    if (oldest !== undefined) this.sorted.splice(firstAbove(this.sorted, oldest) - 1, 1);
    this.ring[this.next] = tokens;
    this.next = (this.next + 1) % REMEMBERED;
    this.sorted.splice(firstAbove(this.sorted, tokens), 0, tokens);
    this.sumUp();
  }

  /** Undefined before the first answer. */
  quantile(q: number): number | undefined {
    return this.sorted[Math.min(this.sorted.length - 1, Math.floor(q * this.sorted.length))];
  }

  /** Quantile of the lengths of those that were longer than `tokens`; undefined when none was. */
  quantileBeyond(tokens: number, q: number): number | undefined {
    const from = firstAbove(this.sorted, tokens);
    const rest = this.sorted.length - from;
    return rest === 0 ? undefined : this.sorted[from + Math.min(rest - 1, Math.floor(q * rest))];
  }

  /** How far the quantile lies from the mean, in standard deviations; 0 when nothing varies. */
  deviation(q: number): number {
    const at = this.quantile(q);
    return at === undefined || this.unit === 0 ? 0 : (at - this.mean) / this.unit;
  }

  /** Length of an answer that is longer than `tokens` and at most `cap`; undefined when no answer was that long. */
  beyond(tokens: number, cap: number): Moments | undefined {
    const from = firstAbove(this.sorted, tokens);
    const all = this.sorted.length - from;
    if (all === 0) return undefined;
    const to = Math.max(from, firstAbove(this.sorted, cap));
    const capped = this.sorted.length - to;
    const over = capped === 0 ? 0 : capped * cap;
    const mean = (this.sums[to]! - this.sums[from]! + over) / all;
    const square = (this.squares[to]! - this.squares[from]! + (capped === 0 ? 0 : over * cap)) / all;
    return { mean, variance: Math.max(0, square - mean * mean) };
  }

  private sumUp(): void {
    for (let at = 0; at < this.sorted.length; at++) {
      const tokens = this.sorted[at]!;
      this.sums[at + 1] = this.sums[at]! + tokens;
      this.squares[at + 1] = this.squares[at]! + tokens * tokens;
    }
    this.mean = this.sums[this.count]! / this.count;
    this.unit = Math.sqrt(Math.max(0, this.squares[this.count]! / this.count - this.mean * this.mean));
  }
}

/** Index of the first value above `limit` in an ascending list. */
export function firstAbove(ascending: readonly number[], limit: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
