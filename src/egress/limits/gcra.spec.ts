import fc from 'fast-check';
import { type NamedLimit, Rates } from './gcra.js';

const limit = (members: Partial<NamedLimit> = {}): NamedLimit => ({
  ...{ key: 'a', name: 'a', group: 'g', caller: 'c', rate: 10, perMs: 1_000, burst: 5, cost: 1 },
  ...members,
});

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

  it('forget no key of anybody, whoever makes up keys (OC-POLICY-4031)', () => {
    const rates = new Rates();
    const victim = limit({ key: 'api.example', caller: 'victim', burst: 1 });
    expect(rates.take([victim], 0)).toBeUndefined();
    for (let key = 0; key < 20_000; key += 1) {
      rates.take([limit({ key: `${key}`, caller: 'flooder', burst: 1 })], 0);
      rates.take([limit({ key: `${key}`, caller: `flooder-${key % 100}`, burst: 1 })], 0);
    }
    expect(rates.take([victim], 1)).toMatchObject({ limit: victim, waitMs: 99 });
  });

  it('let who makes up keys through no faster than one key does, and their neighbours as ever (OC-POLICY-4031)', () => {
    const rates = new Rates();
    const flood = (caller: string, from: number, now: number) =>
      Array.from({ length: 2_000 }, (_, at) => limit({ key: `${caller} ${from + at}`, caller, burst: 1 })).filter(
        (one) => rates.take([one], now) === undefined,
      ).length;
    expect(flood('flooder', 0, 0)).toBe(257);
    expect(flood('neighbour', 0, 0)).toBe(257);
    expect(rates.take([limit({ key: 'own', caller: 'third', burst: 1 })], 0)).toBeUndefined();
    expect(rates.take([limit({ key: 'own', caller: 'other tenant', group: 'other', burst: 1 })], 0)).toBeUndefined();
    expect(flood('flooder', 2_000, 99)).toBe(0);
    expect(flood('flooder', 4_000, 100)).toBe(257);
  });

  it('count all as one once every key is in use, and nobody in another group (OC-POLICY-4031)', () => {
    const rates = new Rates();
    for (let caller = 0; caller < 20; caller += 1)
      for (let key = 0; key < 300; key += 1)
        rates.take([limit({ key: `${caller}/${key}`, caller: `${caller}`, burst: 1 })], 0);
    const late = limit({ key: 'new', caller: 'late', burst: 1 });
    expect(rates.take([late], 0)).toBeDefined();
    expect(rates.take([{ ...late, group: 'other' }], 0)).toBeUndefined();
    expect(rates.take([late], 100)).toBeUndefined();
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
