import { Pace, leaning } from './pace.js';

const DECLARED = { msPerToken: 50, slowdown: 0, variance: 0 };

/** Runs of an engine that takes 10 ms per token alone, and a fifth more for each further busy slot. */
function measured(runs: number, msPerToken = 10): Pace {
  const pace = new Pace();
  for (let run = 0; run < runs; run++) pace.observe(msPerToken * (1 + 0.2 * (run % 4)), run % 4);
  return pace;
}

describe('a pace', () => {
  it('is told apart from what other busy slots cost (ORCH-4406)', () => {
    const { msPerToken, slowdown, variance } = measured(200).estimate!;
    expect(msPerToken).toBeCloseTo(10, 0);
    expect(slowdown).toBeCloseTo(0.2, 1);
    expect(variance).toBeLessThan(0.002);
  });

  it('takes runs at one load for the pace at no other load (ORCH-4406)', () => {
    const pace = new Pace();
    for (let run = 0; run < 9; run++) pace.observe(12, 2);
    expect(pace.estimate).toEqual({ msPerToken: 12, slowdown: 0, variance: 0 });
  });

  it('takes no load for a help, and none for worse than sharing (ORCH-4406)', () => {
    const helped = new Pace();
    const stopped = new Pace();
    for (let run = 0; run < 50; run++) {
      helped.observe(20 - 5 * (run % 3), run % 3);
      stopped.observe(1 + 50 * (run % 3), run % 3);
    }
    expect(helped.estimate!.slowdown).toBe(0);
    expect(stopped.estimate!.slowdown).toBeCloseTo(1, 9);
    expect(stopped.estimate!.msPerToken).toBeGreaterThan(0);
  });

  it('follows an engine that became slower (ORCH-4406)', () => {
    const pace = measured(200);
    for (let run = 0; run < 100; run++) pace.observe(30 * (1 + 0.2 * (run % 4)), run % 4);
    expect(pace.estimate!.msPerToken).toBeGreaterThan(28);
    expect(pace.evidence).toBeLessThan(50);
  });

  it('leans on what is assumed until it was measured, then hardly any more (ORCH-4406)', () => {
    expect(leaning(new Pace(), DECLARED, 1)).toBe(DECLARED);
    expect(leaning(measured(1), DECLARED, 1).msPerToken).toBeCloseTo(30, 9);
    expect(leaning(measured(100), DECLARED, 1).msPerToken).toBeLessThan(12);
  });
});
