import { exp, ln, normalQuantile } from './exact-math.js';

const values = Array.from({ length: 2_000 }, (_, at) => 1e-9 * 1.03 ** at);

it('takes logarithms to within a few units in the last place (ORCH-4955)', () => {
  for (const value of values)
    expect(Math.abs(ln(value) - Math.log(value))).toBeLessThan(1e-14 * Math.abs(Math.log(value)) + 1e-15);
  expect(ln(1)).toBe(0);
});

it('takes exponentials to within a few units in the last place (ORCH-4955)', () => {
  for (let x = -60; x <= 60; x += 0.37) expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(1e-14);
  expect([exp(0), exp(-800), exp(800)]).toEqual([1, 0, Infinity]);
});

it('gives the same bits everywhere: these were worked out once (ORCH-4955)', () => {
  expect([ln(10), exp(1), normalQuantile(0.9)]).toEqual([2.3025850929940455, 2.7182818284590455, 1.2815515641401563]);
});

it.each([
  [0.5, 0],
  [0.9, 1.2815515655],
  [0.975, 1.9599639845],
  [0.001, -3.0902323062],
  [0.9999, 3.7190164855],
])('has the normal quantile of %d at %d (ORCH-4955)', (p, z) => {
  expect(normalQuantile(p)).toBeCloseTo(z, 7);
});
