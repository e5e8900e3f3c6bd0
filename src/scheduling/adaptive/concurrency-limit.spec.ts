import { ConcurrencyLimit, type ConcurrencyRange } from './concurrency-limit.js';

const RANGE = { min: 1, max: 16 };

/** Limits after each window of equal samples. */
function limitsAfter(windows: readonly (readonly [msPerToken: number, busy: number])[], range = RANGE): number[] {
  const limit = new ConcurrencyLimit(range);
  return windows.map(([msPerToken, busy], at) => {
    const needed = Math.max(4, limit.value);
    for (let count = 0; count < needed; count++) limit.observe({ msPerToken, dispatchedAt: at, busy }, at);
    return limit.value;
  });
}

/** An engine that is always asked for more than it takes; past `knee` runs each of them slows down. */
class SaturatedEngine {
  private readonly runs: { readonly dispatchedAt: number; firstTokenAt: number; tokens: number }[] = [];
  private now = 0;

  constructor(
    private readonly limit: ConcurrencyLimit,
    public knee: number,
    public msPerToken = 10,
  ) {}

  /** Mean limit over the second half of the time. */
  run(forMs: number): number {
    const values: number[] = [];
    for (const end = this.now + forMs; this.now < end; this.now++) {
      this.advance();
      if (this.now > end - forMs / 2) values.push(this.limit.value);
    }
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  private advance(): void {
    while (this.runs.length < this.limit.value)
      this.runs.push({ dispatchedAt: this.now, firstTokenAt: this.now, tokens: 0 });
    const pace = this.msPerToken * Math.max(1, this.runs.length / this.knee);
    for (const run of [...this.runs]) {
      run.tokens += 1 / pace;
      if (run.tokens >= 20) this.end(run);
    }
  }

  private end(run: (typeof this.runs)[number]): void {
    const { dispatchedAt, tokens } = run;
    const msPerToken = (this.now - dispatchedAt) / tokens;
    this.limit.observe({ msPerToken, dispatchedAt, busy: this.runs.length }, this.now);
    this.runs.splice(this.runs.indexOf(run), 1);
  }
}

function engineWith(knee: number, range: ConcurrencyRange = { min: 1, max: 64 }) {
  const limit = new ConcurrencyLimit(range);
  return { limit, engine: new SaturatedEngine(limit, knee) };
}

describe('A concurrency limit', () => {
  it.each([
    ['doubles while the pace holds', [[10, 1], [10, 2], [12, 4], [10, 8], [10, 16]], [2, 4, 8, 16, 16]],
    ['does not grow when it is not used up', [[10, 1], [10, 1], [10, 1]], [2, 2, 2]],
    ['is cut in proportion, and then grows by one', [[10, 1], [10, 2], [10, 4], [15, 8], [10, 6], [10, 7]], [2, 4, 8, 6, 7, 8]],
    ['is never cut by more than half', [[10, 1], [10, 2], [10, 4], [900, 8], [10, 4]], [2, 4, 8, 4, 5]],
    ['never falls below the least', [[10, 1], [900, 2], [900, 1], [900, 1]], [2, 1, 1, 1]],
  ] as const)('%s (ORCH-3019)', (_what, windows, limits) => {
    expect(limitsAfter(windows)).toEqual(limits);
  }); // prettier-ignore

  it('does not judge by runs that began under another limit (ORCH-3019)', () => {
    const limit = new ConcurrencyLimit(RANGE);
    for (let count = 0; count < 4; count++) limit.observe({ msPerToken: 10, dispatchedAt: 0, busy: 1 }, 100);
    for (let count = 0; count < 50; count++) limit.observe({ msPerToken: 900, dispatchedAt: 99, busy: 2 }, 200);
    expect(limit.value).toBe(2);
  });

  it.each([4, 12, 32])('settles near a knee of %d runs (ORCH-3019)', (knee) => {
    const settled = engineWith(knee).engine.run(200_000);
    expect(settled).toBeGreaterThan(0.8 * knee);
    expect(settled).toBeLessThan(1.5 * knee);
  });

  it('follows the knee down and up again (ORCH-3019)', () => {
    const { engine } = engineWith(24);
    engine.run(100_000);
    engine.knee = 6;
    const low = engine.run(200_000);
    engine.knee = 24;
    const high = engine.run(200_000);
    expect(low).toBeGreaterThan(4);
    expect(low).toBeLessThan(10);
    expect(high).toBeGreaterThan(19);
    expect(high).toBeLessThan(36);
  });

  it('learns anew what the best pace is when the whole engine becomes slower (ORCH-3019)', () => {
    const { engine } = engineWith(16);
    engine.run(100_000);
    engine.msPerToken = 40;
    const settled = engine.run(1_500_000);
    expect(settled).toBeGreaterThan(12);
    expect(settled).toBeLessThan(24);
  });

  it('stays within its range (ORCH-3019)', () => {
    expect(engineWith(64, { min: 2, max: 5 }).engine.run(100_000)).toBe(5);
    expect(engineWith(1, { min: 3, max: 5 }).engine.run(100_000)).toBeLessThan(4.5);
  });
});
