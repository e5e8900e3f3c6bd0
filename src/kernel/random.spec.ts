import { SeededRandom } from './random.js';

describe('seeded randomness', () => {
  it('repeats with its seed and differs without', () => {
    const draw = (seed: number) => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 20 }, () => random.next());
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('is spread over [0, 1)', () => {
    const random = new SeededRandom(3);
    const tenths = new Array<number>(10).fill(0);
    for (let count = 0; count < 10_000; count++) tenths[Math.floor(random.next() * 10)]!++;
    for (const tenth of tenths) expect(Math.abs(tenth - 1000)).toBeLessThan(150);
  });
});
