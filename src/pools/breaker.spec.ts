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

  it('closes when its one attempt succeeds; failures go on to count for as long as they lie in the window (OC-POOL-3011)', () => {
    const breaker = new Breaker(limits);
    for (const minute of [0, 1, 2, 3, 4]) breaker.fail(minute * MINUTE);
    breaker.halfOpen();
    breaker.close();
    expect(breaker.state).toBe('closed');
    expect(breaker.fail(9 * MINUTE)).toBe(true);
    breaker.halfOpen();
    breaker.close();
    expect(breaker.fail(30 * MINUTE)).toBe(false);
  });

  it('forgets failures after a long time without one (OC-POOL-3011)', () => {
    const breaker = new Breaker(limits);
    for (const minute of [0, 1, 2, 3]) breaker.fail(minute * MINUTE);
    breaker.forget();
    expect(breaker.fail(4 * MINUTE)).toBe(false);
  });

  it('opens at once for what no retry can mend (OC-POOL-3002)', () => {
    const breaker = new Breaker(limits);
    breaker.trip();
    expect(breaker.state).toBe('open');
  });

  it('opens at the first failure when that is what is asked (OC-POOL-3011)', () => {
    expect(new Breaker({ ...limits, failures: 1 }).fail(0)).toBe(true);
  });
});
