import fc from 'fast-check';
import { perMinute, perSecond, type Rate, TokenBucket } from './token-bucket.js';

type Step = readonly [atMs: number, cost: number, taken: boolean];

function play(rate: Rate, steps: readonly Step[]): boolean[] {
  const bucket = new TokenBucket(rate, 0);
  return steps.map(([at, cost]) => bucket.take(cost, at));
}

describe('A token bucket', () => {
  const cases: readonly (readonly [string, Rate, readonly Step[]])[] = [
    ['gives its burst at once and then nothing', perSecond(2, 3), [[0, 1, true], [0, 1, true], [0, 1, true], [0, 1, false]]],
    ['has the next token exactly when it is due', perSecond(2, 1), [[0, 1, true], [499, 1, false], [500, 1, true]]],
    ['never holds more than its burst', perSecond(10, 2), [[0, 2, true], [60_000, 2, true], [60_000, 1, false]]],
    ['takes all or nothing', perSecond(1, 5), [[0, 4, true], [0, 2, false], [0, 1, true]]],
    ['counts rates below one', perSecond(0.5), [[0, 1, true], [1_999, 1, false], [2_000, 1, true]]],
    ['counts fractions of a millisecond as not yet there', perSecond(1), [[0.9, 1, true], [999.9, 1, false], [1_000.1, 1, true]]],
    ['stands still when time runs back', perSecond(1), [[5_000, 1, true], [0, 1, false], [6_000, 1, true]]],
    ['refuses what it can never hold', perMinute(100), [[0, 101, false], [9e9, 101, false], [9e9, 100, true]]],
  ]; // prettier-ignore
  it.each(cases)('%s (ORCH-3006)', (_what, rate, steps) => {
    expect(play(rate, steps)).toEqual(steps.map(([, , taken]) => taken));
  });

  it('holds at first as much as comes in within a second (ORCH-3006)', () => {
    expect([perSecond(20).burst, perSecond(2.5).burst, perSecond(0.1).burst, perSecond(20, 40).burst]).toEqual([
      20, 3, 1, 40,
    ]);
  });

  it('says to the millisecond when there is enough (ORCH-2007, ORCH-4304)', () => {
    const rates = fc.record({ tokens: fc.integer({ min: 1, max: 10_000 }), burst: fc.integer({ min: 1, max: 50 }) });
    const steps = fc.array(fc.record({ afterMs: fc.nat({ max: 3_000 }), cost: fc.integer({ min: 1, max: 50 }) }));
    fc.assert(
      fc.property(rates, steps, ({ tokens, burst }, plan) => {
        const bucket = new TokenBucket({ tokens, perMs: 1_000, burst }, 0);
        let now = 0;
        for (const { afterMs, cost } of plan) {
          now += afterMs;
          const waitMs = bucket.waitMs(cost, now);
          if (waitMs === Infinity) continue;
          if (waitMs > 0) expect(bucket.take(cost, now + waitMs - 1)).toBe(false);
          now += waitMs;
          expect(bucket.take(cost, now)).toBe(true);
        }
      }),
    );
  });

  it('gives exactly its rate over a long time, however often it is asked (ORCH-3006)', () => {
    const bucket = new TokenBucket(perSecond(7, 1), 0);
    let taken = 0;
    for (let now = 0; now < 1_000_000; now += 3) if (bucket.take(1, now)) taken++;
    // One token was there at the start; steps of 3 ms can each time be up to 2 ms late.
    expect(taken).toBeGreaterThanOrEqual(Math.floor((1_000_000 * 7) / 1_020));
    expect(taken).toBeLessThanOrEqual(7_001);
  });

  it('is corrected in both directions, up to its burst and down into debt (ORCH-3077)', () => {
    const bucket = new TokenBucket(perMinute(600), 0);
    bucket.take(500, 0);
    bucket.correct(300, 0);
    expect(bucket.left(0)).toBe(400);
    bucket.correct(1_000, 0);
    expect([bucket.left(0), bucket.isFull(0)]).toEqual([600, true]);
    bucket.correct(-700, 0);
    expect([bucket.left(0), bucket.waitMs(100, 0)]).toEqual([-100, 20_000]);
    expect([bucket.left(20_000), bucket.isFull(20_000), bucket.isFull(70_000)]).toEqual([100, false, true]);
  });
});
