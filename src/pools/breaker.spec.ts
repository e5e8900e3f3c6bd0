import { Breaker } from './breaker.js';

const MINUTE = 60_000;
const limits = { failures: 5, window_ms: 10 * MINUTE, open_ms: 5 * MINUTE };

describe('the breaker', () => {
  it('opens at the fifth failure within ten minutes (OC-POOL-3011)', () => {
    const breaker = new Breaker(limits);
    expect([0, 1, 2, 3, 4].map((minute) => breaker.fail(minute * MINUTE))).toEqual([false, false, false, false, true]);
  });

  it('does not count failures that lie longer back (OC-POOL-3011)', () => {
    const breaker = new Breaker(limits);
    expect([0, 3, 6, 9, 12, 15].map((minute) => breaker.fail(minute * MINUTE))).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it('opens again when its one attempt fails, also when earlier failures have left the window (OC-POOL-3011)', () => {
    const breaker = new Breaker(limits);
    for (const minute of [0, 2, 4, 6]) breaker.fail(minute * MINUTE);
    expect(breaker.fail(8 * MINUTE)).toBe(true);
    breaker.halfOpen();
    expect(breaker.fail(13 * MINUTE)).toBe(true);
  });

  it('begins anew after a reset (OC-POOL-3011)', () => {
    const breaker = new Breaker(limits);
    for (const minute of [0, 1, 2, 3, 4]) breaker.fail(minute * MINUTE);
    breaker.halfOpen();
    breaker.reset();
    expect(breaker.fail(5 * MINUTE)).toBe(false);
  });

  it('opens at the first failure when that is what is asked (OC-POOL-3011)', () => {
    expect(new Breaker({ ...limits, failures: 1 }).fail(0)).toBe(true);
  });
});
