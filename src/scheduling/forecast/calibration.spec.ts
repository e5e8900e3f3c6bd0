import { SeededRandom } from '../../kernel/random.js';
import { Calibration } from './calibration.js';

/** Share of outcomes below the promised p90, after a start of 200. */
function coverage(outcome: (at: number, random: SeededRandom) => number, count = 4000): number {
  const calibration = new Calibration();
  const random = new SeededRandom(3);
  let held = 0;
  for (let at = 0; at < count; at++) {
    const raw = { medianMs: 1000, spreadMs: 100 };
    const said = calibration.quantilesOf(raw);
    const actual = outcome(at, random);
    if (at >= 200 && actual <= said.p90) held++;
    calibration.observe(raw, said, actual);
  }
  return held / (count - 200);
}

describe('the calibration', () => {
  it('believes the model before it has seen outcomes (ORCH-4406)', () => {
    const { p50, p90 } = new Calibration().quantilesOf({ medianMs: 1000, spreadMs: 100 });
    expect(p50).toBe(1000);
    expect(p90).toBeCloseTo(1128.16);
  });

  it.each<readonly [string, (at: number, random: SeededRandom) => number]>([
    ['are what the model says', (_, random) => 1000 + 200 * (random.next() + random.next() - 1)],
    ['spread ten times as far', (_, random) => 1000 + 3000 * (random.next() - 0.5)],
    ['always come late', (_, random) => 1500 + 100 * random.next()],
    ['have a long tail', (_, random) => 900 + 100 / (random.next() + 0.01)],
    ['get worse in between', (at, random) => 1000 + (at > 1500 && at < 2500 ? 800 : 100) * random.next()],
  ])('gives a p90 that about nine in ten outcomes meet when they %s (ORCH-4406)', (_what, outcome) => {
    const share = coverage(outcome);
    expect(share).toBeGreaterThanOrEqual(0.88);
    expect(share).toBeLessThanOrEqual(0.94);
  });

  it('takes out what pulls all medians to one side, and leaves alone what may be chance (ORCH-4406)', () => {
    const raw = { medianMs: 1000, spreadMs: 100 };
    const p50After = (actualMs: number): number => {
      const calibration = new Calibration();
      for (let at = 0; at < 100; at++) calibration.observe(raw, calibration.quantilesOf(raw), actualMs);
      return Math.round(calibration.quantilesOf(raw).p50);
    };
    expect([1050, 950, 2200, 500, 1_000_000].map(p50After)).toEqual([1000, 1000, 2000, 550, 7273]);
  });

  it('never promises less than the median', () => {
    const calibration = new Calibration();
    const raw = { medianMs: 1000, spreadMs: 100 };
    for (let at = 0; at < 100; at++) calibration.observe(raw, calibration.quantilesOf(raw), 950);
    expect(calibration.quantilesOf(raw)).toEqual({ p50: 1000, p90: 1000 });
  });
});
