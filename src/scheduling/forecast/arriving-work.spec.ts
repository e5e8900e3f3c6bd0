import { ArrivingWork } from './arriving-work.js';

describe('arriving work', () => {
  it('is the work of the last half to whole minute, per millisecond (ORCH-4406)', () => {
    const work = new ArrivingWork();
    for (let now = 0; now < 120_000; now += 100) work.add(50, now);
    expect(work.rate(120_000)).toBeCloseTo(0.5, 1);
    expect(work.rate(135_000)).toBeCloseTo(0.25, 1);
    expect(work.rate(500_000)).toBe(0);
  });
});
