import fc from 'fast-check';
import { MinHeap } from './min-heap.js';
import { type Group, type Service, type Slots, mixedQuantile, overtakingShare, playOut } from './play-out.js';

const always = (mean: number): Service => ({ mean, quantile: () => mean });
const tasks = (count: number, each: number): Group[] => [{ count, service: always(each) }];

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
        expect(playOut(tasks(ahead, each), { parts: 1, freeIn, count: slots.length })).toBe(Math.min(...byHand));
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  it('gives the median when the end of the one slot may lie anywhere (ORCH-4406)', () => {
    const parts = 64;
    const freeIn = Array.from({ length: parts }, (_, at) => (at + 0.5) * (1000 / parts));
    expect(playOut([], { parts, freeIn, count: 1 })).toBeCloseTo(500, -2);
  });

  it('knows that of many running tasks some end long before their time (ORCH-4406)', () => {
    // 32 slots, each ends somewhere in the next second: the first of them after about 1/33 of it.
    const freeIn = Array.from({ length: 64 }, (_, at) => (at + 0.5) * (1000 / 64));
    expect(playOut([], { parts: 2, freeIn, count: 32 })).toBeLessThan(50);
    expect(playOut(tasks(16, 1000), { parts: 2, freeIn, count: 32 })).toBeCloseTo(520, -1);
  });

  it('goes on at the mean rate beyond a thousand tasks, near enough (ORCH-4406)', () => {
    const slots = { parts: 1, freeIn: [100, 300], count: 2 };
    expect(Math.abs(playOut(tasks(10_000, 1000), slots) - 5_000_000)).toBeLessThan(2000);
  });

  it('does not change what it was given', () => {
    const freeIn = [1, 2];
    playOut(tasks(5, 10), { parts: 1, freeIn, count: 2 });
    expect(freeIn).toEqual([1, 2]);
  });

  it('lets tasks follow each other when there is no slot at all', () => {
    expect(playOut(tasks(3, 100), { parts: 1, freeIn: [], count: 0 })).toBe(300);
  });
});

describe('tasks that overtake', () => {
  const one: Slots = { parts: 1, freeIn: [100], count: 1 };

  it('go first when they have come by the time that a slot is free (ORCH-4406)', () => {
    // The first comes after half of 1000 ms: too late for what is free at 100, in time for what is free at 1100.
    const overtaking = { everyMs: 1000, service: always(300) };
    expect(playOut([], one, overtaking)).toBe(100);
    expect(playOut(tasks(1, 1000), one, overtaking)).toBe(1400);
    expect(playOut(tasks(1, 1000), one)).toBe(1100);
  });

  it('cost short waits more than their share of the slots while long tasks run, long waits just that (ORCH-4406)', () => {
    const slots = { parts: 1, freeIn: Array.from({ length: 16 }, (_, at) => (at + 0.5) * 500), count: 16 };
    const overtaking = { everyMs: 625, service: always(5000) };
    expect(overtakingShare(slots, overtaking)).toBe(0.5);
    const longer = (count: number, each: number) =>
      playOut(tasks(count, each), slots, overtaking) / playOut(tasks(count, each), slots);
    expect(longer(10, 20_000)).toBeGreaterThan(4);
    expect(longer(400, 5000)).toBeCloseTo(2, 0);
  });

  it('never stop what waits, however many come (ORCH-4406)', () => {
    const overtaking = { everyMs: 1, service: always(1000) };
    expect(overtakingShare(one, overtaking)).toBe(0.8);
    const start = playOut(tasks(100_000, 1000), one, overtaking);
    expect(start / 100_000_000).toBeCloseTo(5, 0);
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
