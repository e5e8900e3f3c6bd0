import fc from 'fast-check';
import { type TaskKey } from '../../kernel/ids.js';
import { WaitingWork } from './waiting-work.js';

const key = (name: string): TaskKey => name as TaskKey;

describe('waiting work', () => {
  it('has a mean per task of those that go first: interactive before batch (ORCH-4406)', () => {
    const work = new WaitingWork();
    work.add(key('a'), 'interactive', { mean: 100, variance: 1 });
    work.add(key('b'), 'batch', { mean: 400, variance: 4 });
    work.add(key('c'), 'batch', { mean: 600, variance: 4 });
    expect([0, 1, 2, 3, 9].map((ahead) => Math.round(work.meanOfFirst(ahead).mean))).toEqual([367, 100, 300, 367, 367]);
  });

  it('never has a mean or a variance below nothing, however sums drift (ORCH-4406)', () => {
    const service = fc.record({
      mean: fc.double({ min: 0, max: 1e6, noNaN: true }),
      variance: fc.double({ min: 0, max: 1e12, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(service, { minLength: 2, maxLength: 40 }), (services) => {
        const work = new WaitingWork();
        // The last one varies by nothing, so what is left when the others have gone is drift alone.
        services.forEach((one, at) => work.add(key(String(at)), 'batch', one));
        work.add(key('sure'), 'batch', { mean: 0, variance: 0 });
        services.forEach((_, at) => work.remove(key(String(at))));
        const { mean, variance } = work.meanOfFirst(1);
        expect(mean).toBeGreaterThanOrEqual(0);
        expect(variance).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 200, seed: 4 },
    );
  });

  it('forgets what leaves, without a rest (ORCH-4406)', () => {
    const work = new WaitingWork();
    for (const name of ['a', 'b', 'c']) work.add(key(name), 'batch', { mean: 0.1, variance: 0.3 });
    for (const name of ['b', 'a', 'c', 'c', 'never']) work.remove(key(name));
    expect([work.count, work.meanOfFirst(5)]).toEqual([0, { mean: 0, variance: 0 }]);
  });
});
