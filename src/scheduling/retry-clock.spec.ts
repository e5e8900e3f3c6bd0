import fc from 'fast-check';
import { type Random, SeededRandom } from '../kernel/random.js';
import { RetryClock, clampRetryMs } from './retry-clock.js';

const noJitter: Random = { next: () => 0 };

describe('the retry clock', () => {
  it('gives refused callers one place after the other (ORCH-4304)', () => {
    const clock = new RetryClock(noJitter);
    expect([1, 2, 3, 4].map(() => clock.nextRetryMs(1000, 500, 200))).toEqual([500, 700, 900, 1100]);
  });

  it('tells the first caller of a new daemon the first place, whatever the interval (ORCH-4304)', () => {
    expect(new RetryClock(noJitter).nextRetryMs(0, 100, 30_000)).toBe(100);
  });

  it('never promises one place twice while promises are within reach (ORCH-4304)', () => {
    const calls = fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 3000 })), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(calls, fc.integer({ min: 5, max: 900 }), (waits, interval) => {
        const clock = new RetryClock(noJitter);
        const places: number[] = [];
        let now = 0;
        for (const [wait, firstFree] of waits) {
          now += wait;
          const place = now + clock.nextRetryMs(now, firstFree, interval);
          const capped = place - now >= 60_000;
          if (!capped) places.push(place);
        }
        const gaps = places.slice(1).map((place, at) => place - places[at]!);
        expect(gaps.every((gap) => gap >= interval - 1)).toBe(true);
      }),
      { numRuns: 200, seed: 8 },
    );
  });

  it('adds up to a tenth, and stays within 1 ms to 60 s (ORCH-4304)', () => {
    const most: Random = { next: () => 0.999_999 };
    expect(new RetryClock(most).nextRetryMs(0, 1000, 0)).toBe(1100);
    expect(new RetryClock(noJitter).nextRetryMs(0, 0, 0)).toBe(1);
    expect(new RetryClock(most).nextRetryMs(0, 10_000_000, 0)).toBe(60_000);
    expect([-5, 0, 0.2, 1.5, 70_000].map(clampRetryMs)).toEqual([1, 1, 1, 2, 60_000]);
  });

  it('forgets promises that nobody came for (ORCH-4304)', () => {
    const clock = new RetryClock(noJitter);
    for (let call = 0; call < 1000; call++) clock.nextRetryMs(0, 500, 500);
    expect(clock.nextRetryMs(200_000, 500, 500)).toBe(500);
  });

  it('lets in at their first return at least 95 % of a crowd that waits as told (ORCH-4304)', () => {
    const random = new SeededRandom(11);
    const slots = new BusySlots(4, 10, () => 900 + 200 * random.next());
    const clock = new RetryClock(random);
    const comings = Array.from({ length: 200 }, (_, who) => ({ who, at: who, told: false }));
    let admitted = 0;
    for (let coming = comings.shift(); coming !== undefined; coming = comings.shift()) {
      const { who, at, told } = coming;
      if (slots.admits(at)) {
        if (told) admitted++;
      } else if (!told) {
        const next = { who, at: at + clock.nextRetryMs(at, slots.nextFreeMs(at), 1100 / 4), told: true };
        comings.splice(comings.filter((other) => other.at <= next.at).length, 0, next);
      }
    }
    expect(admitted / (200 - 10)).toBeGreaterThanOrEqual(0.95);
  });
});

/** Slots that are always busy and a bounded queue before them. */
class BusySlots {
  private readonly freeAt: number[];
  private waiting: number;

  constructor(
    slots: number,
    private readonly capacity: number,
    private readonly serviceMs: () => number,
  ) {
    this.freeAt = Array.from({ length: slots }, serviceMs);
    this.waiting = 0;
  }

  admits(now: number): boolean {
    this.workOff(now);
    if (this.waiting >= this.capacity) return false;
    this.waiting++;
    return true;
  }

  nextFreeMs(now: number): number {
    return Math.max(1, Math.min(...this.freeAt) - now);
  }

  private workOff(now: number): void {
    for (
      let slot = earliest(this.freeAt);
      this.waiting > 0 && this.freeAt[slot]! <= now;
      slot = earliest(this.freeAt)
    ) {
      this.freeAt[slot]! += this.serviceMs();
      this.waiting--;
    }
  }
}

function earliest(times: readonly number[]): number {
  return times.indexOf(Math.min(...times));
}
