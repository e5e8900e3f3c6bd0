/** Milliseconds per token on an otherwise idle replica, and what each further busy slot adds to them, as a share. */
export interface PaceEstimate {
  readonly msPerToken: number;
  readonly slowdown: number;
  /** Variance of single runs around this, as a share of the pace squared. */
  readonly variance: number;
}

/** Runs after which an old one counts for less and less. */
const MEMORY = 20;
const LEAST_WEIGHT = 1 / MEMORY;
/** Loads that hardly vary say nothing of what load does; in slots squared. */
const LEAST_SPREAD = 0.05;

/**
 * How long a token takes and how much it suffers from other busy slots: an exponentially weighted line through measured runs.
 * Only +, −, × and ÷, so equal runs give equal numbers everywhere.
 */
export class Pace {
  private runs = 0;
  private others = 0;
  private ms = 0;
  private othersVariance = 0;
  private msVariance = 0;
  private covariance = 0;

  /** Runs that the estimate rests on; old ones are forgotten. */
  get evidence(): number {
    return Math.min(this.runs, 2 * MEMORY - 1);
  }

  /** `others`: busy slots beside its own, on average over the run. */
  observe(msPerToken: number, others: number): void {
    const weight = Math.max(LEAST_WEIGHT, 1 / ++this.runs);
    const [dx, dy] = [others - this.others, msPerToken - this.ms];
    this.others += weight * dx;
    this.ms += weight * dy;
    this.othersVariance = (1 - weight) * (this.othersVariance + weight * dx * dx);
    this.msVariance = (1 - weight) * (this.msVariance + weight * dy * dy);
    this.covariance = (1 - weight) * (this.covariance + weight * dx * dy);
  }

  /** Undefined before the first run. */
  get estimate(): PaceEstimate | undefined {
    if (this.runs === 0) return undefined;
    const slope = this.slope();
    const msPerToken = this.ms - slope * this.others;
    const unexplained = Math.max(0, this.msVariance - slope * this.covariance);
    return { msPerToken, slowdown: slope / msPerToken, variance: unexplained / (this.ms * this.ms) };
  }

  /** Others never speed a run up, and at worst they share one speed among all. */
  private slope(): number {
    const measured = this.covariance / (this.othersVariance + LEAST_SPREAD);
    return Math.min(Math.max(0, measured), this.ms / (this.others + 1));
  }
}

/** An estimate that leans on `fallback` as long as it rests on few runs. */
export function leaning({ estimate, evidence }: Pace, fallback: PaceEstimate, weight: number): PaceEstimate {
  if (estimate === undefined) return fallback;
  const own = evidence / (evidence + weight);
  const between = (mine: number, other: number) => own * mine + (1 - own) * other;
  return {
    msPerToken: between(estimate.msPerToken, fallback.msPerToken),
    slowdown: between(estimate.slowdown, fallback.slowdown),
    variance: between(estimate.variance, fallback.variance),
  };
}
