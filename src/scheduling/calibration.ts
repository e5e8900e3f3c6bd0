import { firstAbove } from './output-lengths.js';

/** What the model alone expects, before it learns from how right it was. Milliseconds. */
export interface RawForecast {
  readonly medianMs: number;
  /** About one standard deviation. */
  readonly spreadMs: number;
}

const REMEMBERED = 400;
/** Outcomes before which the spread is believed as it is. */
const FEWEST = 20;
const NORMAL_90 = 1.2816;
/** Aimed at a little above 0.9: what was learned lags behind a load that changes. */
const TARGET = 0.91;
/** How fast the level follows: outcomes of one busy hour resemble each other, so a plain quantile lags behind. */
const STEP = 0.01;
const LOWEST_LEVEL = 0.5;
const HIGHEST_LEVEL = 1.3;

/**
 * Turns raw forecasts into a p90 that holds: it remembers how far earlier starts lay from what was said, in units of
 * the spread, and widens when promises are broken (adaptive conformal prediction over a sliding window). So about nine
 * in ten starts lie below the p90 that it gives, whatever the shape of the truth.
 */
export class Calibration {
  private readonly ring: number[] = [];
  private readonly sorted: number[] = [];
  private next = 0;
  /** Quantile of the scores that gives the target; beyond 1 the largest score is stretched. */
  private level = TARGET;

  p90({ medianMs, spreadMs }: RawForecast): number {
    return medianMs + this.width() * spreadMs;
  }

  /** A forecast came out: `actualMs` is what happened, `held` whether the p90 that was said held. */
  observe({ medianMs, spreadMs }: RawForecast, actualMs: number, held: boolean): void {
    if (spreadMs > 0) this.remember((actualMs - medianMs) / spreadMs);
    const push = held ? TARGET - 1 : TARGET;
    this.level = Math.min(HIGHEST_LEVEL, Math.max(LOWEST_LEVEL, this.level + STEP * push));
  }

  private width(): number {
    const { sorted, level } = this;
    if (sorted.length < FEWEST) return NORMAL_90;
    const within = sorted[Math.min(sorted.length - 1, Math.floor(level * sorted.length))]!;
    return Math.max(0, level > 1 ? within * (1 + 2 * (level - 1)) : within);
  }

  private remember(score: number): void {
    const oldest = this.ring[this.next];
    if (oldest !== undefined) this.sorted.splice(firstAbove(this.sorted, oldest) - 1, 1);
    this.ring[this.next] = score;
    this.next = (this.next + 1) % REMEMBERED;
    this.sorted.splice(firstAbove(this.sorted, score), 0, score);
  }
}
