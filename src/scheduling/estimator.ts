/** A median and a 90th percentile of the same quantity. */
export interface Estimate {
  readonly p50: number;
  readonly p90: number;
}

/** What the estimator knows of one task before or while it runs. */
export interface Workpiece {
  readonly promptTokens: number;
  readonly maxTokens: number;
  readonly expectedTokens: number | undefined;
}

export interface Rates {
  /** Tokens per second. */
  readonly prefill: number;
  readonly decode: number;
}

const WEIGHT = 0.2;
const REMEMBERED_OUTPUTS = 200;
const Z90 = 1.2816;
/** Beyond this many tasks ahead the play-out goes on at the mean rate. */
const LONGEST_PLAYOUT = 2048;

/** Learns one pool's speed and output lengths, and predicts from them. Times in ms, rates in tokens/s. */
export class Estimator {
  private rates: Rates;
  private measured = { prefill: false, decode: false };
  private readonly outputs: number[] = [];
  private nextOutput = 0;
  private sorted: readonly number[] | undefined;

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

  observeOutput(tokens: number): void {
    this.outputs[this.nextOutput] = tokens;
    this.nextOutput = (this.nextOutput + 1) % REMEMBERED_OUTPUTS;
    this.sorted = undefined;
  }

  /** Output tokens that the task will take. */
  outputTokens(work: Workpiece): Estimate {
    const cap = (tokens: number) => Math.min(Math.max(1, tokens), work.maxTokens);
    const p50 = work.expectedTokens ?? this.quantile(0.5) ?? work.maxTokens / 2;
    const p90 = work.expectedTokens ?? this.quantile(0.9) ?? work.maxTokens;
    return { p50: cap(p50), p90: cap(Math.max(p50, p90)) };
  }

  /** Prefill and decode of a task, alone on a slot. */
  serviceMs(work: Workpiece): Estimate {
    const prefill = (work.promptTokens * 1000) / this.rates.prefill;
    const output = this.outputTokens(work);
    return { p50: prefill + this.decodeMs(output.p50), p90: prefill + this.decodeMs(output.p90) };
  }

  decodeMs(tokens: number): number {
    return (tokens * 1000) / this.rates.decode;
  }

  /** What is left of a running task; at least one token as long as it runs. */
  remainingMs(work: Workpiece, progress: { readonly elapsedMs: number; readonly tokensOut: number }): Estimate {
    if (progress.tokensOut === 0) {
      const whole = this.serviceMs(work);
      return { p50: Math.max(1, whole.p50 - progress.elapsedMs), p90: Math.max(1, whole.p90 - progress.elapsedMs) };
    }
    const output = this.outputTokens(work);
    const left = (tokens: number) => this.decodeMs(Math.max(1, tokens - progress.tokensOut));
    return { p50: left(output.p50), p90: left(output.p90) };
  }

  private learn(which: keyof Rates, rate: number): void {
    const old = this.rates[which];
    const next = this.measured[which] ? old + WEIGHT * (rate - old) : rate;
    this.measured[which] = true;
    this.rates = { ...this.rates, [which]: next };
  }

  private quantile(q: number): number | undefined {
    if (this.outputs.length === 0) return undefined;
    this.sorted ??= this.outputs.toSorted((a, b) => a - b);
    return this.sorted[Math.min(this.sorted.length - 1, Math.floor(q * this.sorted.length))];
  }
}

/**
 * When the next free slot comes to a task with `ahead` others before it: the queue is played out onto the earliest free slots.
 * `slots` holds for each slot the time until it is free; `service` is the mean of the tasks ahead.
 */
export function startAfter(ahead: number, slots: readonly Estimate[], service: Estimate): Estimate {
  const p50 = playOut(
    ahead,
    slots.map((slot) => slot.p50),
    service.p50,
  );
  const p90 = playOut(
    ahead,
    slots.map((slot) => slot.p90),
    service.p90,
  );
  return { p50: Math.round(p50), p90: Math.round(Math.max(p50, p90)) };
}

function playOut(ahead: number, freeIn: number[], serviceMs: number): number {
  if (freeIn.length === 0) return ahead * serviceMs;
  const turns = Math.min(ahead, LONGEST_PLAYOUT);
  for (let turn = 0; turn < turns; turn++) freeIn[earliest(freeIn)]! += serviceMs;
  return freeIn[earliest(freeIn)]! + ((ahead - turns) * serviceMs) / freeIn.length;
}

function earliest(times: readonly number[]): number {
  let best = 0;
  for (let index = 1; index < times.length; index++) if (times[index]! < times[best]!) best = index;
  return best;
}

/** Chance that a task with `timeLeftMs` to its deadline ends in time: log-normal around the estimate. */
export function onTimeProbability(timeLeftMs: number | undefined, remaining: Estimate): number {
  if (timeLeftMs === undefined) return 1;
  if (timeLeftMs <= 0) return 0;
  const sigma = Math.log(Math.max(1, remaining.p90 / Math.max(1, remaining.p50))) / Z90;
  if (sigma === 0) return remaining.p50 <= timeLeftMs ? 1 : 0;
  return normalCdf(Math.log(timeLeftMs / Math.max(1, remaining.p50)) / sigma);
}

/** Abramowitz and Stegun 26.2.17, absolute error below 7.5e-8. */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const tail =
    density * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - tail : tail;
}
