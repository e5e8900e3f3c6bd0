import fc from 'fast-check';
import { MinHeap } from './min-heap.js';
import { type Service, mixedQuantile, playOut } from './play-out.js';

const always = (mean: number): Service => ({ mean, quantile: () => mean });

describe('the play-out', () => {
  it('agrees with moving one task after another onto the slot that is free first (ORCH-4406)', () => {
    const times = fc.array(fc.nat(5000), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.nat(60), times, fc.nat(5000), (ahead, slots, each) => {
        const freeIn = slots.toSorted((a, b) => a - b);
        const byHand = [...freeIn];
        for (let task = 0; task < ahead; task++) {
          byHand.sort((a, b) => a - b);
          byHand[0]! += each;
        }
        expect(playOut(ahead, { parts: 1, freeIn, count: slots.length }, always(each))).toBe(Math.min(...byHand));
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  it('gives the median when the end of the one slot may lie anywhere (ORCH-4406)', () => {
    const parts = 64;
    const freeIn = Array.from({ length: parts }, (_, at) => (at + 0.5) * (1000 / parts));
    expect(playOut(0, { parts, freeIn, count: 1 }, always(0))).toBeCloseTo(500, -2);
  });

  it('knows that of many running tasks some end long before their time (ORCH-4406)', () => {
    // 32 slots, each ends somewhere in the next second: the first of them after about 1/33 of it.
    const freeIn = Array.from({ length: 64 }, (_, at) => (at + 0.5) * (1000 / 64));
    expect(playOut(0, { parts: 2, freeIn, count: 32 }, always(1000))).toBeLessThan(50);
    expect(playOut(16, { parts: 2, freeIn, count: 32 }, always(1000))).toBeCloseTo(520, -1);
  });

  it('goes on at the mean rate beyond two thousand tasks, near enough (ORCH-4406)', () => {
    const slots = { parts: 1, freeIn: [100, 300], count: 2 };
    expect(Math.abs(playOut(10_000, slots, always(1000)) - 5_000_000)).toBeLessThan(2000);
  });

  it('does not change what it was given', () => {
    const freeIn = [1, 2];
    playOut(5, { parts: 1, freeIn, count: 2 }, always(10));
    expect(freeIn).toEqual([1, 2]);
  });

  it('lets tasks follow each other when there is no slot at all', () => {
    expect(playOut(3, { parts: 1, freeIn: [], count: 0 }, always(100))).toBe(300);
  });
});

it('spreads quantiles evenly, in an order that mixes', () => {
  const quantiles = Array.from({ length: 100 }, (_, n) => mixedQuantile(n));
  const buckets = Array.from({ length: 10 }, (_, at) => quantiles.filter((q) => Math.floor(q * 10) === at).length);
  expect(Math.min(...buckets)).toBeGreaterThanOrEqual(9);
  expect(quantiles.slice(0, 4).some((q) => q > 0.5) && quantiles.slice(0, 4).some((q) => q < 0.5)).toBe(true);
});

describe('the heap', () => {
  it('gives numbers back in order of size', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (numbers) => {
        const heap = new MinHeap();
        for (const number of numbers) heap.push(number);
        const out = numbers.map(() => heap.pop());
        expect(out).toEqual(numbers.toSorted((a, b) => a - b));
        expect([heap.size, heap.pop()]).toEqual([0, Infinity]);
      }),
      { numRuns: 200, seed: 2 },
    );
  });
});
