import { type PriorityClass } from '@llama-orch/plugin-sdk';
import fc from 'fast-check';
import { Estimator, onTimeProbability } from './estimator.js';

const RATES = { prefill: 500, decode: 20 };
const work = (facts: { prompt?: number; max?: number; expected?: number; priority?: PriorityClass } = {}) => ({
  priority: facts.priority ?? 'interactive',
  promptTokens: facts.prompt ?? 100,
  maxTokens: facts.max ?? 100,
  expectedTokens: facts.expected,
});

describe('output length', () => {
  it('is half of max_tokens before anything is known, all of it at the 90th percentile (ORCH-4406)', () => {
    expect(new Estimator(RATES).outputTokens(work())).toEqual({ p50: 50, p90: 100 });
  });

  it('is what the caller expects, never more than max_tokens (ORCH-4406)', () => {
    expect(new Estimator(RATES).outputTokens(work({ expected: 30 }))).toEqual({ p50: 30, p90: 30 });
    expect(new Estimator(RATES).outputTokens(work({ expected: 300 }))).toEqual({ p50: 100, p90: 100 });
  });

  it('is learned from the last 200 answers (ORCH-4406)', () => {
    const estimator = new Estimator(RATES);
    for (let tokens = 1; tokens <= 100; tokens++) estimator.observeOutput(tokens, 'interactive');
    expect(estimator.outputTokens(work({ max: 1000 }))).toEqual({ p50: 51, p90: 91 });
    expect(estimator.outputTokens(work({ max: 60 }))).toEqual({ p50: 51, p90: 60 });
    for (let count = 0; count < 200; count++) estimator.observeOutput(7, 'interactive');
    expect(estimator.outputTokens(work({ max: 1000 }))).toEqual({ p50: 7, p90: 7 });
  });
});

describe('speed', () => {
  it('is the assumed one until measured, then the measured, smoothed by 0.2 (ORCH-4406)', () => {
    const estimator = new Estimator(RATES);
    expect([estimator.measuredDecodeRate, estimator.decodeMs(20)]).toEqual([undefined, 1000]);
    estimator.observeDecode(101, 1000);
    expect([estimator.measuredDecodeRate, estimator.decodeMs(100)]).toEqual([100, 1000]);
    estimator.observeDecode(201, 1000);
    expect(estimator.measuredDecodeRate).toBe(120);
    estimator.observePrefill(1000, 1000);
    expect(estimator.serviceMs(work({ prompt: 1000, expected: 12 })).p50).toBeCloseTo(1000 + 100);
  });

  it('is not learned from what says nothing of it', () => {
    const estimator = new Estimator(RATES);
    estimator.observeDecode(1, 100);
    estimator.observeDecode(10, 0);
    estimator.observePrefill(0, 10);
    expect([estimator.measuredDecodeRate, estimator.serviceMs(work({ prompt: 500, expected: 20 })).p50]).toEqual([
      undefined,
      2000,
    ]);
  });
});

describe('what is left of a task', () => {
  it('shrinks with time before the first token, with tokens after it, and is never nothing (ORCH-4406)', () => {
    const estimator = new Estimator(RATES);
    const task = work({ prompt: 500, expected: 20 });
    expect(estimator.remainingMs(task, { elapsedMs: 0, tokensOut: 0, decodingMs: undefined }).p50).toBe(2000);
    expect(estimator.remainingMs(task, { elapsedMs: 500, tokensOut: 0, decodingMs: undefined }).p50).toBe(1500);
    expect(estimator.remainingMs(task, { elapsedMs: 9000, tokensOut: 0, decodingMs: undefined }).p50).toBe(1);
    expect(estimator.remainingMs(task, { elapsedMs: 0, tokensOut: 15, decodingMs: undefined }).p50).toBe(250);
    expect(estimator.remainingMs(task, { elapsedMs: 0, tokensOut: 99, decodingMs: undefined }).p50).toBe(50);
  });
});

describe('what varies', () => {
  it('is nothing where the caller knows the length, and all up to max_tokens where nobody does (ORCH-4406)', () => {
    const estimator = new Estimator(RATES);
    expect(estimator.expectedService(work({ prompt: 500, expected: 20 }))).toEqual({ mean: 2000, variance: 0 });
    const { mean, variance } = estimator.expectedService(work({ prompt: 500, max: 100 }));
    expect([mean, Math.round(Math.sqrt(variance))]).toEqual([1000 + 2500, Math.round(5000 / Math.sqrt(12))]);
  });

  it('is learned per class, once twenty answers of it are known (ORCH-4406)', () => {
    const estimator = new Estimator(RATES);
    for (let count = 0; count < 20; count++) estimator.observeOutput(10, 'interactive');
    for (let count = 0; count < 19; count++) estimator.observeOutput(1000, 'batch');
    const tokens = (priority: PriorityClass) => estimator.outputTokens(work({ priority, max: 5000 })).p50;
    expect([tokens('interactive'), tokens('batch')]).toEqual([10, 10]);
    estimator.observeOutput(1000, 'batch');
    expect([tokens('interactive'), tokens('batch')]).toEqual([10, 1000]);
  });

  it('is judged of a running task by answers that were longer, at its own pace (ORCH-4406)', () => {
    const estimator = new Estimator(RATES);
    for (const tokens of [10, 100, 200]) estimator.observeOutput(tokens, 'interactive');
    const slow = { elapsedMs: 9000, tokensOut: 51, decodingMs: 5000 };
    expect(estimator.remainingQuantileMs(work({ max: 1000 }), slow, 0)).toBe(4900);
    expect(estimator.remainingQuantileMs(work({ max: 1000 }), slow, 0.9)).toBe(14_900);
    const longest = { elapsedMs: 9000, tokensOut: 201, decodingMs: 20_000 };
    expect(estimator.remainingQuantileMs(work({ max: 401 }), longest, 0.5)).toBe(10_000);
  });
});

describe('the chance to be on time', () => {
  /** Φ by the trapezoid rule. */
  const phi = (z: number): number => {
    const steps = 20_000;
    const from = -10;
    const width = (z - from) / steps;
    let sum = 0;
    for (let step = 0; step <= steps; step++) {
      const x = from + step * width;
      sum += (step === 0 || step === steps ? 0.5 : 1) * Math.exp((-x * x) / 2);
    }
    return (sum * width) / Math.sqrt(2 * Math.PI);
  };

  it.each([
    [1000, 1000, 2000],
    [2000, 1000, 2000],
    [500, 1000, 2000],
    [5000, 1000, 1100],
    [900, 1000, 1100],
  ])('is Φ(ln(D/m)/σ) for D %d, p50 %d, p90 %d (ORCH-3081)', (left, p50, p90) => {
    const sigma = Math.log(p90 / p50) / 1.2816;
    expect(onTimeProbability(left, { p50, p90 })).toBeCloseTo(phi(Math.log(left / p50) / sigma), 6);
  });

  it('is nine tenths when exactly the 90th percentile is left, a half at the median (ORCH-3081)', () => {
    expect(onTimeProbability(3000, { p50: 1000, p90: 3000 })).toBeCloseTo(0.9, 4);
    expect(onTimeProbability(1000, { p50: 1000, p90: 3000 })).toBeCloseTo(0.5, 6);
  });

  it('is 1 without a deadline, 0 after it, and certain when nothing varies (ORCH-3081)', () => {
    const sure = { p50: 1000, p90: 1000 };
    expect(onTimeProbability(undefined, sure)).toBe(1);
    expect([onTimeProbability(0, sure), onTimeProbability(-5, sure)]).toEqual([0, 0]);
    expect([onTimeProbability(1000, sure), onTimeProbability(999, sure)]).toEqual([1, 0]);
  });

  it('stays between 0 and 1 and grows with the time left (ORCH-3081)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.nat(50_000), fc.nat(50_000), (left, p50, more) => {
        const remaining = { p50, p90: p50 + more };
        const chance = onTimeProbability(left, remaining);
        expect(chance).toBeGreaterThanOrEqual(0);
        expect(chance).toBeLessThanOrEqual(1);
        expect(onTimeProbability(left + 1000, remaining)).toBeGreaterThanOrEqual(chance - 1e-7);
      }),
      { numRuns: 200, seed: 6 },
    );
  });
});
