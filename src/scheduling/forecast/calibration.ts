import { type Estimate, Z90 } from './estimator.js';
import { firstAbove } from './output-lengths.js';

/** What the model alone expects, before it learns from how right it was. Milliseconds. */
export interface RawForecast {
  readonly medianMs: number;
  /** About one standard deviation. */
  readonly spreadMs: number;
}

/** More than come due while a long queue moves on once. */
const REMEMBERED = 1600;
const REMEMBERED_RATIOS = 100;
/** Outcomes before which the model is believed as it is. */
const FEWEST = 20;
/** Aimed at a little above 0.9: what was learned lags behind a load that changes. */
const TARGET = 0.91;
/**
 * How fast the level follows: outcomes of one busy hour resemble each other, so a plain quantile lags behind. Each promise
 * is heard of only after a whole wait, hundreds of promises later; a level that moves faster than that swings.
 */
const STEP = 0.004;
const LOWEST_LEVEL = 0.5;
const HIGHEST_LEVEL = 1.3;

/** A median that is off by less than this factor is left alone: chance alone moves it that far. */
const UNCORRECTED = 1.1;
const MOST_BIAS = 8;

/**
 * Turns raw forecasts into a p50 and a p90 that hold: it remembers how earlier starts came out, as a ratio to what was
 * expected and in units of the spread, and widens when promises are broken (adaptive conformal prediction over a sliding
 * window). So about nine in ten starts lie below the p90 that it gives, whatever the shape of the truth.
 */
export class Calibration {
  private readonly ratios = new Window(REMEMBERED_RATIOS);
  private readonly scores = new Window(REMEMBERED);
  /** Quantile of the scores that gives the target; beyond 1 the largest score is stretched. */
  private level = TARGET;

  quantilesOf({ medianMs, spreadMs }: RawForecast): { readonly p50: number; readonly p90: number } {
    const p50 = medianMs * this.bias();
    return { p50, p90: p50 + this.width() * spreadMs };
  }

  /** A forecast came out: `said` is what was promised, `actualMs` what happened. */
  observe({ medianMs, spreadMs }: RawForecast, said: Estimate, actualMs: number): void {
    if (medianMs > 0) this.ratios.add(actualMs / medianMs);
    if (spreadMs > 0) this.scores.add((actualMs - said.p50) / spreadMs);
    const push = actualMs <= said.p90 ? TARGET - 1 : TARGET;
    this.level = Math.min(HIGHEST_LEVEL, Math.max(LOWEST_LEVEL, this.level + STEP * push));
  }

  /** What the model cannot see pulls all its medians to one side. */
  private bias(): number {
    if (this.ratios.count < FEWEST) return 1;
    const median = Math.min(MOST_BIAS, Math.max(1 / MOST_BIAS, this.ratios.quantile(0.5)));
    if (median > UNCORRECTED) return median / UNCORRECTED;
    return median < 1 / UNCORRECTED ? median * UNCORRECTED : 1;
  }

  private width(): number {
    if (this.scores.count < FEWEST) return Z90;
    const within = this.scores.quantile(Math.min(1, this.level));
    return Math.max(0, this.level > 1 ? within * (1 + 2 * (this.level - 1)) : within);
  }
}

/** The last values, kept in order of size as well. */
class Window {
  private readonly ring: number[] = [];
  private readonly sorted: number[] = [];
  private next = 0;

  constructor(private readonly size: number) {}

  get count(): number {
    return this.sorted.length;
  }

  add(value: number): void {
    const oldest = this.ring[this.next];
    if (oldest !== undefined) this.sorted.splice(firstAbove(this.sorted, oldest) - 1, 1);
    this.ring[this.next] = value;
    this.next = (this.next + 1) % this.size;
    this.sorted.splice(firstAbove(this.sorted, value), 0, value);
  }

  quantile(q: number): number {
    return this.sorted[Math.min(this.sorted.length - 1, Math.floor(q * this.sorted.length))]!;
  }
}
