import { ShedBreaker } from './shed-breaker.js';

type Look = readonly [atMs: number, p95: number | undefined, open: boolean];

const RULES = { openAboveMs: 200, closeBelowMs: 100, openAfterMs: 60_000, closeAfterMs: 30_000 };

describe('A shed breaker', () => {
  const cases: readonly (readonly [string, readonly Look[]])[] = [
    ['opens when the breach has lasted', [[0, 201, false], [59_999, 201, false], [60_000, 201, true]]],
    ['needs the breach to be without a gap', [[0, 300, false], [30_000, 200, false], [60_000, 300, false], [120_000, 300, true]]],
    ['takes silence for no breach', [[0, 300, false], [30_000, undefined, false], [60_000, 300, false]]],
    ['closes when the recovery has lasted', [[0, 300, false], [60_000, 300, true], [61_000, 99, true], [90_999, 99, true], [91_000, 99, false]]],
    ['stays open between target and breach', [[0, 300, false], [60_000, 300, true], [70_000, 99, true], [80_000, 100, true], [100_000, 99, true], [130_000, 99, false]]],
    ['closes in silence', [[0, 300, false], [60_000, 300, true], [70_000, undefined, true], [100_000, undefined, false]]],
    ['needs a whole breach to open again', [[0, 300, false], [60_000, 300, true], [60_001, 1, true], [90_001, 1, false], [90_002, 300, false], [150_001, 300, false], [150_002, 300, true]]],
  ]; // prettier-ignore
  it.each(cases)('%s (ORCH-3040)', (_what, looks) => {
    const breaker = new ShedBreaker(RULES);
    const seen = looks.map(([at, p95]) => (breaker.observe(p95, at), breaker.isOpen));
    expect(seen).toEqual(looks.map(([, , open]) => open));
  });

  it('says when it can close at the earliest (ORCH-3040, ORCH-4304)', () => {
    const breaker = new ShedBreaker(RULES);
    breaker.observe(300, 0);
    breaker.observe(300, 60_000);
    expect(breaker.closesInMs(60_000)).toBe(30_000);
    breaker.observe(50, 61_000);
    expect(breaker.closesInMs(80_000)).toBe(11_000);
  });
});
