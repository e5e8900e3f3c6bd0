import { ArrivingWork } from './arriving-work.js';

const each = { mean: 50, variance: 4 };

describe('arriving work', () => {
  it('is how often tasks came in the last one to two minutes, and what they take (ORCH-4406)', () => {
    const work = new ArrivingWork();
    for (let now = 0; now < 300_000; now += 100) work.add(each, now);
    expect(work.seen(300_000)!.everyMs).toBeCloseTo(100, 0);
    expect(work.seen(300_000)!.service).toEqual(each);
    expect(work.seen(330_000)!.everyMs).toBeCloseTo(150, 0);
    expect(work.seen(500_000)).toBeUndefined();
  });

  it('takes the first ones for few, however close they come (ORCH-4406)', () => {
    const work = new ArrivingWork();
    expect(work.seen(0)).toBeUndefined();
    work.add(each, 1_000_000);
    work.add(each, 1_000_001);
    expect(work.seen(1_000_002)!.everyMs).toBe(5000);
  });

  it('knows that none came while it was quiet (ORCH-4406)', () => {
    const work = new ArrivingWork();
    for (let now = 0; now < 60_000; now += 100) work.add(each, now);
    work.add(each, 400_000);
    expect(work.seen(400_000)!.everyMs).toBe(60_000);
  });
});
