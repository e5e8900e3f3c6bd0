import { SeededRandom } from '../../kernel/random.js';
import { RateLimit } from './rate-limit.js';
import { RateLimits } from './rate-limits.js';
import { perSecond } from './token-bucket.js';

describe('A rate limit', () => {
  it('lets every caller in who waits as told, at the first retry (ORCH-4304, ORCH-3006)', () => {
    const limit = new RateLimit(perSecond(3, 2), new SeededRandom(1), 0);
    const retries: number[] = [];
    for (let caller = 0; caller < 50; caller++) {
      const now = caller * 3.3;
      if (!limit.take(1, now)) retries.push(now + limit.promiseMs(1, now));
    }
    expect(retries.length).toBeGreaterThan(40);
    const taken = retries.toSorted((a, b) => a - b).map((at) => limit.take(1, at));
    expect(taken.filter((ok) => !ok)).toEqual([]);
  });

  it('tells nobody a time at which its token cannot be there (ORCH-4304)', () => {
    const limit = new RateLimit(perSecond(3, 1), new SeededRandom(2), 0);
    limit.take(1, 0);
    for (let caller = 1; caller <= 20; caller++) {
      const promise = limit.promiseMs(1, 0.4);
      expect(promise).toBeGreaterThanOrEqual(Math.floor((caller * 1_000) / 3));
      expect(promise).toBeLessThanOrEqual(1.1 * caller * 334 + 1);
    }
  });

  it('forgets who stood in line once there is more than one token (ORCH-4304)', () => {
    const limit = new RateLimit(perSecond(1, 5), new SeededRandom(3), 0);
    limit.take(5, 0);
    for (let caller = 0; caller < 30; caller++) limit.promiseMs(1, 0);
    expect(limit.take(1, 3_000)).toBe(true);
    limit.take(2, 3_000);
    expect(limit.promiseMs(1, 3_000)).toBeLessThanOrEqual(1_100);
  });
});

describe('Rate limits by name', () => {
  const rate = perSecond(1, 2);

  it('are apart from each other (ORCH-3077)', () => {
    const limits = new RateLimits(new SeededRandom(1));
    expect(limits.of('a', rate, 0).take(2, 0)).toBe(true);
    expect(limits.of('a', rate, 0).take(1, 0)).toBe(false);
    expect(limits.of('b', rate, 0).take(2, 0)).toBe(true);
  });

  it('are forgotten when they are full again, so that idle names take no memory (ORCH-3006)', () => {
    const limits = new RateLimits(new SeededRandom(1));
    for (let name = 0; name < 10_000; name++) limits.of(`n${name}`, rate, name).take(1, name);
    // One token is back after a second, in which 1,000 names came.
    expect(limits.size).toBeLessThan(2_100);
    for (let name = 0; name < 2_100; name++) limits.of('one', rate, 60_000);
    expect(limits.size).toBe(1);
  });

  it('are not forgotten between the question and the taking (ORCH-4401)', () => {
    const limits = new RateLimits(new SeededRandom(1));
    const [a, b, c] = ['a', 'b', 'c'].map((name) => limits.of(name, rate, 0));
    for (const limit of [a, b, c]) limit!.take(2, 0);
    expect(['a', 'b', 'c'].map((name) => limits.of(name, rate, 0).take(1, 0))).toEqual([false, false, false]);
  });

  it('are not forgotten while a token is missing (ORCH-3006)', () => {
    const limits = new RateLimits(new SeededRandom(1));
    limits.of('used', rate, 0).take(2, 0);
    for (let name = 0; name < 1_000; name++) limits.of(`n${name}`, rate, 1_999);
    expect(limits.of('used', rate, 1_999).take(2, 1_999)).toBe(false);
  });
});
