import { atOnce, inTurns, type Work } from './work.js';

/** Steps of one millisecond each, by a clock that they move. */
function* steps(count: number, clock: { ms: number }): Work<number> {
  for (let step = 0; step < count; step++) {
    clock.ms += 1;
    yield;
  }
  return count;
}

describe('work in turns', () => {
  it('lets others go on after eight milliseconds, and comes to the same result (OC-POLICY-4031)', async () => {
    const clock = { ms: 0 };
    const seen: number[] = [];
    const look = () => {
      seen.push(clock.ms);
      if (clock.ms < 100) setImmediate(look);
    };
    setImmediate(look);
    expect(await inTurns(steps(100, clock), () => clock.ms)).toBe(100);
    const gaps = seen.map((at, index) => at - (seen[index - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(8);
  });

  it('that is short is done at once (OC-POLICY-4031)', () => {
    const clock = { ms: 0 };
    expect(atOnce(steps(5, clock))).toBe(5);
  });
});
