import fc from 'fast-check';
import { OutputLengths, firstAbove } from './output-lengths.js';

describe('output lengths', () => {
  it('know nothing before the first answer (ORCH-4406)', () => {
    const lengths = new OutputLengths();
    expect([
      lengths.quantile(0.5),
      lengths.beyond(0, 100),
      lengths.quantileBeyond(0, 0.5),
      lengths.deviation(0.5),
    ]).toEqual([undefined, undefined, undefined, 0]);
  });

  it('agree with sorting the last 200 answers (ORCH-4406)', () => {
    const tokens = fc.integer({ min: 1, max: 500 });
    fc.assert(
      fc.property(fc.array(tokens, { minLength: 1, maxLength: 450 }), tokens, tokens, (seen, from, cap) => {
        const lengths = new OutputLengths();
        for (const one of seen) lengths.observe(one);
        const last = seen.slice(-200).sort((a, b) => a - b);
        expect(lengths.count).toBe(last.length);
        expect(lengths.quantile(0.5)).toBe(last[Math.floor(last.length / 2)]);
        const longer = last.filter((one) => one > from).map((one) => Math.min(one, Math.max(from, cap)));
        const mean = longer.reduce((sum, one) => sum + one, 0) / longer.length;
        const found = lengths.beyond(from, Math.max(from, cap));
        if (longer.length === 0) expect(found).toBeUndefined();
        else expect(found!.mean).toBeCloseTo(mean, 6);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('give what is left of an answer that is longer than most (ORCH-4406)', () => {
    const lengths = new OutputLengths();
    for (const tokens of [10, 20, 30, 400]) lengths.observe(tokens);
    expect(lengths.beyond(30, 1000)).toEqual({ mean: 400, variance: 0 });
    expect(lengths.quantileBeyond(15, 0)).toBe(20);
    expect(lengths.quantileBeyond(400, 0.5)).toBeUndefined();
  });

  it('measure a quantile in standard deviations from the mean', () => {
    const lengths = new OutputLengths();
    for (const tokens of [10, 30]) lengths.observe(tokens);
    expect([lengths.deviation(0), lengths.deviation(0.9)]).toEqual([-1, 1]);
  });
});

it('finds the first value above a limit', () => {
  expect([0, 1, 2, 3, 9].map((limit) => firstAbove([1, 2, 2, 3], limit))).toEqual([0, 1, 3, 4, 4]);
});
