import { statSync } from 'node:fs';
import { type Pool } from '../pool.js';

/** A median and a 90th percentile, ms. */
export interface LoadEstimate {
  readonly p50: number;
  readonly p90: number;
}

interface Learned {
  readonly meanMs: number;
  readonly deviationMs: number;
}

const WEIGHT = 0.3;
const Z90 = 1.2816;
/** However often it was measured, a load varies by this part. */
const LEAST_SPREAD = 0.1;
/** An engine without weights to read takes this long. */
const ENGINE_START_MS = 1_000;
/** How much longer the first load may take than the rate of the disk says. */
const UNKNOWN_FACTOR = 3;
const BYTES_PER_MB = 1_000_000;

/**
 * How long the models of pools take to load: guessed from the size of the weights, then as it was measured for the same
 * model and engine in any pool, then as it was measured in this one.
 */
export class LoadTimes {
  private readonly learned = new Map<string, Learned>();
  private readonly guessed = new Map<string, LoadEstimate>();

  /** @param sizeOf bytes of local weights; undefined when nobody knows */
  constructor(private readonly sizeOf: (path: string) => number | undefined = sizeOfFile) {}

  /** A load took this long. */
  observe(pool: Pool, ms: number): void {
    for (const name of [nameOf(pool), modelOf(pool)]) this.learn(name, ms);
  }

  of(pool: Pool): LoadEstimate {
    const learned = this.learned.get(nameOf(pool)) ?? this.learned.get(modelOf(pool));
    if (learned === undefined) return this.guessOf(pool);
    const { meanMs, deviationMs } = learned;
    return { p50: meanMs, p90: meanMs + Z90 * Math.max(deviationMs, LEAST_SPREAD * meanMs) };
  }

  private learn(name: string, ms: number): void {
    const old = this.learned.get(name);
    if (old === undefined) return void this.learned.set(name, { meanMs: ms, deviationMs: 0 });
    const off = ms - old.meanMs;
    this.learned.set(name, {
      meanMs: old.meanMs + WEIGHT * off,
      deviationMs: old.deviationMs + WEIGHT * (Math.abs(off) - old.deviationMs),
    });
  }

  private guessOf(pool: Pool): LoadEstimate {
    const known = this.guessed.get(nameOf(pool));
    if (known !== undefined) return known;
    const { path } = pool.model;
    const bytes = path === undefined ? 0 : (this.sizeOf(path) ?? 0);
    const p50 = ENGINE_START_MS + (bytes * 1000) / (pool.config.perf.load_mb_per_s * BYTES_PER_MB);
    const guess = { p50, p90: UNKNOWN_FACTOR * p50 };
    this.guessed.set(nameOf(pool), guess);
    return guess;
  }
}

/** Another model in the same pool is another matter. */
function nameOf({ id, model }: Pool): string {
  return `${id} ${model.ref}`;
}

/** No pool has an empty id. */
function modelOf({ engine, model }: Pool): string {
  return ` ${engine} ${model.ref}`;
}

function sizeOfFile(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}
