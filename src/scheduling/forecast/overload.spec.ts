import { Overload, type OverloadRules } from './overload.js';

/** Whether a queue of ten with these sizes at these times is overloaded at each of the moments asked for. */
function lasts(sizes: readonly (readonly [number, number])[], moments: readonly number[], rules?: OverloadRules) {
  const overload = new Overload(rules);
  for (const [size, at] of sizes) overload.observe(size, 10, at);
  return moments.map((now) => overload.of(sizes.at(-1)![0], 10, now) !== undefined);
}

describe('overload', () => {
  it('lasts once the queue has been nearly full for ten seconds (ORCH-3080-v31)', () => {
    const sizes = [
      [9, 0],
      [10, 5000],
    ] as const;
    expect(lasts(sizes, [9999, 10_000])).toEqual([false, true]);
  });

  it('begins anew when the queue was emptier in between (ORCH-3080-v31)', () => {
    const sizes = [
      [9, 0],
      [8, 9000],
      [9, 9500],
    ] as const;
    expect(lasts(sizes, [10_000, 19_499, 19_500])).toEqual([false, false, true]);
  });

  it('is over once tasks have left, observed or not (ORCH-3080-v31)', () => {
    const overload = new Overload();
    overload.observe(10, 10, 0);
    expect([overload.of(9, 10, 20_000), overload.of(8, 10, 20_000)]).toMatchObject([{ fullForMs: 20_000 }, undefined]);
  });

  it('is what the rules call so (ORCH-3080-v31)', () => {
    const rules = { share: 0.5, forMs: 300 };
    expect(lasts([[5, 0]], [299, 300], rules)).toEqual([false, true]);
    expect(lasts([[4, 0]], [300], rules)).toEqual([false]);
  });
});
