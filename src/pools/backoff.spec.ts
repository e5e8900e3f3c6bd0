import { type Random } from '../kernel/random.js';
import { backoffMs } from './backoff.js';

const LIMITS = { initial_ms: 1000, max_ms: 60_000, factor: 2, jitter: 0.2 };
const always = (value: number): Random => ({ next: () => value });

describe('backoff', () => {
  it('doubles from 1 s to 60 s (OC-POOL-3011)', () => {
    const waits = Array.from({ length: 9 }, (_, failures) => backoffMs(failures + 1, LIMITS, always(0.5)));
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('varies by the jitter and no more (OC-POOL-3011)', () => {
    expect([backoffMs(1, LIMITS, always(0)), backoffMs(1, LIMITS, always(1))]).toEqual([800, 1200]);
  });

  it('stays finite after any number of failures (OC-POOL-3011)', () => {
    expect(backoffMs(5000, LIMITS, always(0.5))).toBe(60_000);
  });
});
