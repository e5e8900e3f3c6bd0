import fc from 'fast-check';
import { type TaskKey } from '../../kernel/ids.js';
import { WaitingWork } from './waiting-work.js';

const key = (name: string): TaskKey => name as TaskKey;

describe('waiting work', () => {
  it('knows who goes first, interactive before batch, and what they take (ORCH-4406)', () => {
    const work = new WaitingWork();
    work.add(key('a'), 'interactive', { mean: 100, variance: 1 });
    work.add(key('b'), 'batch', { mean: 400, variance: 4 });
    work.add(key('c'), 'batch', { mean: 600, variance: 4 });
    const interactive = { count: 1, priority: 'interactive', service: { mean: 100, variance: 1 } };
    const batch = { priority: 'batch', service: { mean: 500, variance: 4 } };
    expect(work.first(0)).toEqual([]);
    expect(work.first(1)).toEqual([interactive]);
    expect(work.first(2)).toEqual([interactive, { count: 1, ...batch }]);
    expect(work.first(9)).toEqual([interactive, { count: 8, ...batch }]);
  });

  it('takes more than wait for tasks like those that do (ORCH-4406)', () => {
    const work = new WaitingWork();
    const service = { mean: 100, variance: 1 };
    work.add(key('a'), 'interactive', service);
    expect(work.first(5)).toEqual([{ count: 5, priority: 'interactive', service }]);
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
        const { mean, variance } = work.first(1)[0]!.service;
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
    expect([work.count, work.first(1)[0]!.service]).toEqual([0, { mean: 0, variance: 0 }]);
  });
});
