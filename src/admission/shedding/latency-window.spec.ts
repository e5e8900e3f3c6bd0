import { LatencyWindow } from './latency-window.js';

function filled(values: readonly number[], stepMs = 1): LatencyWindow {
  const window = new LatencyWindow(1_000);
  values.forEach((ms, index) => window.add(ms, index * stepMs));
  return window;
}

describe('A latency window', () => {
  it.each([
    ['nothing', [], undefined],
    ['one sample', [7], 7],
    ['twenty samples: one may be slower', [...Array<number>(19).fill(10), 900], 10],
    ['nineteen samples: none may', [...Array<number>(18).fill(10), 900], 900],
    ['samples in any order', [100, 3, 5, 1, 2, 4], 100],
  ])('has the p95 of %s (ORCH-3041)', (_what, values, p95) => {
    expect(filled(values).p95(values.length)).toBe(p95);
  });

  it('forgets what is older than it is long (ORCH-3041)', () => {
    const window = filled([900, 10], 600);
    expect([window.p95(999), window.p95(1_000), window.p95(1_599), window.p95(1_600)]).toEqual([
      900,
      10,
      10,
      undefined,
    ]);
  });

  it('looks at the newest samples alone when there are too many (ORCH-3041)', () => {
    const window = filled([...Array<number>(1_000).fill(900), ...Array<number>(512).fill(10)], 0.001);
    expect(window.p95(2)).toBe(10);
  });

  it('tells the share within a target (ORCH-3041)', () => {
    const window = filled([10, 20, 30, 40]);
    expect([window.shareWithin(30, 4), window.shareWithin(5, 4), window.shareWithin(30, 9_999)]).toEqual([
      0.75,
      0,
      undefined,
    ]);
  });
});
