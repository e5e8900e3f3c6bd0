import { FakeClock } from '../../test/support/fake-clock.js';
import { KeepAlive } from './keep-alive.js';

const INTERVAL_MS = 10_000;

/** Times at which a stream got a comment; it sends something itself whenever `busyUntil` has not come yet. */
function silences(random: number, busyUntil: number) {
  const clock = new FakeClock();
  const comments: number[] = [];
  new KeepAlive(INTERVAL_MS, clock, { next: () => random }).add(
    { keepAlive: () => comments.push(clock.now()), takeActivity: () => clock.now() <= busyUntil },
    1_000,
  );
  clock.leap(50_000);
  return comments;
}

describe('A silent stream', () => {
  it.each([0, 0.5, 0.999])('gets a comment every 10 s give or take 10 % (ORCH-4204), random part %d', (random) => {
    const [first = 0, ...later] = silences(random, -1);
    expect(first).toBeGreaterThanOrEqual(1_000);
    expect(first).toBeLessThan(1_200);
    expect(later.length).toBeGreaterThanOrEqual(3);
    later.reduce((before, now) => {
      expect(now - before).toBeGreaterThanOrEqual(9_000);
      expect(now - before).toBeLessThanOrEqual(11_000);
      return now;
    }, first);
  });

  it.each([0, 0.999])('counts from its last frame, not from when that was noticed (ORCH-4204), %d', (random) => {
    // The frame can have been sent right after the tick before the one that noticed it.
    const tick = INTERVAL_MS / 100;
    const [first = 0] = silences(random, 20_000);
    expect(first - 20_000).toBeGreaterThanOrEqual(9_000);
    expect(first - 20_000 + tick).toBeLessThanOrEqual(11_000);
  });
});
