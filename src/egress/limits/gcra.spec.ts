import fc from 'fast-check';
import { Rates } from './gcra.js';

const limit = (members = {}) => ({ key: 'a', name: 'a', rate: 10, perMs: 1_000, burst: 5, cost: 1, ...members });

describe('rates', () => {
  it('let a burst through, then one for each part of the period (OC-POLICY-4031)', () => {
    const rates = new Rates();
    const taken = Array.from({ length: 6 }, () => rates.take([limit()], 0));
    expect(taken.map((used) => used?.waitMs)).toEqual([undefined, undefined, undefined, undefined, undefined, 100]);
    expect(rates.take([limit()], 99)?.waitMs).toBe(1);
    expect(rates.take([limit()], 100)).toBeUndefined();
  });

  it('take from all limits or from none, and name the longest wait (OC-POLICY-4031)', () => {
    const rates = new Rates();
    const slow = limit({ key: 'b', rate: 1, burst: 1 });
    expect(rates.take([limit(), slow], 0)).toBeUndefined();
    expect(rates.take([limit(), slow], 0)).toMatchObject({ limit: slow, waitMs: 1_000 });
    for (let times = 0; times < 4; times += 1) expect(rates.take([limit()], 0)).toBeUndefined();
    expect(rates.take([limit()], 0)).toBeDefined();
  });

  it('never let through what costs more than the burst (OC-POLICY-4031)', () => {
    expect(new Rates().take([limit({ cost: 6 })], 0)?.waitMs).toBe(Infinity);
  });

  it('forget keys that are empty again before any other (OC-POLICY-4031)', () => {
    const rates = new Rates();
    for (let key = 0; key < 20_000; key += 1) rates.take([limit({ key: `${key}`, burst: 1 })], key / 100);
    expect(rates.take([limit({ key: '19999', burst: 1 })], 200)).toBeDefined();
  });

  it('let no more through than burst and rate allow, whenever they are asked (OC-POLICY-4031)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 60 }), (gaps) => {
        const rates = new Rates();
        let now = 0;
        const passed = gaps.filter((gap) => {
          now += gap;
          return rates.take([limit()], now) === undefined;
        });
        expect(passed.length).toBeLessThanOrEqual(5 + Math.floor(now / 100));
      }),
    );
  });
});
