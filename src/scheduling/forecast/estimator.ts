import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { exp, ln } from '../../kernel/exact-math.js';
import { type Moments, OutputLengths } from './output-lengths.js';

/** A median and a 90th percentile of the same quantity. */
export interface Estimate {
  readonly p50: number;
  readonly p90: number;
}

/** What the estimator knows of one task before or while it runs. */
export interface Workpiece {
  readonly priority: PriorityClass;
  readonly promptTokens: number;
  readonly maxTokens: number;
  readonly expectedTokens: number | undefined;
}

/** How far a running task has come. */
export interface Progress {
  readonly elapsedMs: number;
  readonly tokensOut: number;
  /** Milliseconds since its first token; undefined before it. */
  readonly decodingMs: number | undefined;
}

export interface Rates {
  /** Tokens per second. */
  readonly prefill: number;
  readonly decode: number;
}

const WEIGHT = 0.2;
/** Standard deviations from the median to the 90th percentile, where values are spread normally. */
export const Z90 = 1.2816;
/** Answers of a class before which those of all classes stand for it. */
const FEWEST_OF_CLASS = 20;
/** Tokens after which a task's own pace says more than that of the pool. */
const OWN_PACE_TOKENS = 16;

/** Learns one pool's speed and output lengths, and predicts from them. Times in ms, rates in tokens/s. */
export class Estimator {
  private rates: Rates;
  private measured = { prefill: false, decode: false };
  private readonly lengths = new OutputLengths();
  private readonly lengthsOf: Readonly<Record<PriorityClass, OutputLengths>> = {
    interactive: new OutputLengths(),
    batch: new OutputLengths(),
  };

  /** `initial` stands until the first measurement. */
  constructor(initial: Rates) {
    this.rates = initial;
  }

  /** Decode rate of one slot; undefined before the first measurement. */
  get measuredDecodeRate(): number | undefined {
    return this.measured.decode ? Math.round(this.rates.decode * 10) / 10 : undefined;
  }

  observePrefill(tokens: number, ms: number): void {
    if (tokens > 0 && ms > 0) this.learn('prefill', (tokens * 1000) / ms);
  }

  observeDecode(tokens: number, ms: number): void {
    if (tokens > 1 && ms > 0) this.learn('decode', ((tokens - 1) * 1000) / ms);
  }

  observeOutput(tokens: number, priority: PriorityClass): void {
    this.lengths.observe(tokens);
    this.lengthsOf[priority].observe(tokens);
  }

  /** Output tokens that the task will take. */
  outputTokens(work: Workpiece): Estimate {
    const cap = (tokens: number) => Math.min(Math.max(1, tokens), work.maxTokens);
    const seen = this.seenLengths(work.priority);
    const p50 = work.expectedTokens ?? seen.quantile(0.5) ?? work.maxTokens / 2;
    const p90 = work.expectedTokens ?? seen.quantile(0.9) ?? work.maxTokens;
    return { p50: cap(p50), p90: cap(Math.max(p50, p90)) };
  }

  /** Prefill and decode of a task, alone on a slot. */
  serviceMs(work: Workpiece): Estimate {
    const prefill = this.prefillMs(work.promptTokens);
    const output = this.outputTokens(work);
    return { p50: prefill + this.decodeMs(output.p50), p90: prefill + this.decodeMs(output.p90) };
  }

  /** The same as mean and variance in ms and ms², for sums over many tasks. */
  expectedService(work: Workpiece): Moments {
    const output = this.expectedOutput(work, 0);
    const msPerToken = this.decodeMs(1);
    return {
      mean: this.prefillMs(work.promptTokens) + output.mean * msPerToken,
      variance: output.variance * msPerToken * msPerToken,
    };
  }

  decodeMs(tokens: number): number {
    return (tokens * 1000) / this.rates.decode;
  }

  /** What is left of a running task; at least one token as long as it runs. */
  remainingMs(work: Workpiece, progress: Progress): Estimate {
    if (progress.tokensOut === 0) {
      const whole = this.serviceMs(work);
      return { p50: Math.max(1, whole.p50 - progress.elapsedMs), p90: Math.max(1, whole.p90 - progress.elapsedMs) };
    }
    const output = this.outputTokens(work);
    const msPerToken = this.msPerToken(progress);
    const left = (tokens: number) => Math.max(1, tokens - progress.tokensOut) * msPerToken;
    return { p50: left(output.p50), p90: left(output.p90) };
  }

  /** The same for a fraction `q` of all tasks that have come this far: none of them takes longer. */
  remainingQuantileMs(work: Workpiece, progress: Progress, q: number): number {
    const { tokensOut, elapsedMs } = progress;
    const tokens = this.outputQuantile(work, tokensOut, q);
    if (tokensOut > 0) return Math.max(1, tokens - tokensOut) * this.msPerToken(progress);
    return Math.max(1, this.prefillMs(work.promptTokens) - elapsedMs) + this.decodeMs(tokens);
  }

  /** Where the quantile of all answers lies, in standard deviations from their mean. */
  lengthDeviation(priority: PriorityClass, q: number): number {
    const seen = this.seenLengths(priority);
    // Before anything is known lengths may be anything: evenly spread.
    return seen.count < FEWEST_OF_CLASS ? (q - 0.5) * Math.sqrt(12) : seen.deviation(q);
  }

  private msPerToken({ tokensOut, decodingMs }: Progress): number {
    const own = decodingMs !== undefined && decodingMs > 0 && tokensOut >= OWN_PACE_TOKENS;
    return own ? decodingMs / (tokensOut - 1) : this.decodeMs(1);
  }

  /** Whole length of an answer that has come to `tokensOut` tokens. */
  private expectedOutput({ priority, maxTokens, expectedTokens }: Workpiece, tokensOut: number): Moments {
    if (expectedTokens !== undefined && expectedTokens > tokensOut)
      return { mean: Math.min(expectedTokens, maxTokens), variance: 0 };
    const seen = this.seenLengths(priority).beyond(tokensOut, maxTokens);
    // Nothing was ever that long: what is left may be anything up to the limit.
    return seen ?? evenly(tokensOut, Math.max(tokensOut + 1, maxTokens));
  }

  private outputQuantile({ priority, maxTokens, expectedTokens }: Workpiece, tokensOut: number, q: number): number {
    if (expectedTokens !== undefined && expectedTokens > tokensOut) return Math.min(expectedTokens, maxTokens);
    const seen = this.seenLengths(priority).quantileBeyond(tokensOut, q);
    return Math.min(maxTokens, seen ?? tokensOut + q * Math.max(1, maxTokens - tokensOut));
  }

  private seenLengths(priority: PriorityClass): OutputLengths {
    const ofClass = this.lengthsOf[priority];
    return ofClass.count >= FEWEST_OF_CLASS ? ofClass : this.lengths;
  }

  private prefillMs(tokens: number): number {
    return (tokens * 1000) / this.rates.prefill;
  }

  private learn(which: keyof Rates, rate: number): void {
    const old = this.rates[which];
    const next = this.measured[which] ? old + WEIGHT * (rate - old) : rate;
    this.measured[which] = true;
    this.rates = { ...this.rates, [which]: next };
  }
}

function evenly(from: number, to: number): Moments {
  return { mean: (from + to) / 2, variance: ((to - from) * (to - from)) / 12 };
}

/** Chance that a task with `timeLeftMs` to its deadline ends in time: log-normal around the estimate. */
export function onTimeProbability(timeLeftMs: number | undefined, remaining: Estimate): number {
  if (timeLeftMs === undefined) return 1;
  if (timeLeftMs <= 0) return 0;
  const sigma = ln(Math.max(1, remaining.p90 / Math.max(1, remaining.p50))) / Z90;
  if (sigma === 0) return remaining.p50 <= timeLeftMs ? 1 : 0;
  return normalCdf(ln(timeLeftMs / Math.max(1, remaining.p50)) / sigma);
}

/** Abramowitz and Stegun 26.2.17, absolute error below 7.5e-8. */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const density = exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const tail =
    density * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - tail : tail;
}
