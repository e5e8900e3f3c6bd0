import { type TaskKey } from '../../kernel/ids.js';
import { type Forecastable } from './forecastable.js';
import { SlotEnds } from './slot-ends.js';

const task = (name: string): Forecastable => ({ key: name as TaskKey }) as Forecastable;

describe('the ends of running tasks', () => {
  it('come in order of time, in parts that show how far they may lie apart (ORCH-4406)', () => {
    const ends = new SlotEnds((_, __, q) => 1000 * q);
    ends.add(task('a'), 0);
    expect(ends.firstEnds(4, 4, 0)).toEqual([125, 375, 625, 875]);
    expect(ends.firstEnds(2, 4, 200)).toEqual([125, 375]);
  });

  it('are worked out anew now and then, and never lie in the past (ORCH-4406)', () => {
    let restMs = 100;
    const ends = new SlotEnds(() => restMs);
    ends.add(task('a'), 0);
    expect(ends.firstEnds(1, 1, 0)).toEqual([100]);
    restMs = 500;
    expect([ends.firstEnds(1, 1, 40), ends.firstEnds(1, 1, 60)]).toEqual([[60], [500]]);
    expect(ends.firstEnds(1, 1, 100)).toEqual([460]);
  });

  it('go with their tasks (ORCH-4406)', () => {
    const rests: Record<string, number> = { a: 300, b: 100, c: 200 };
    const ends = new SlotEnds(({ key }) => rests[key]!);
    for (const name of ['a', 'b', 'c']) ends.add(task(name), 0);
    ends.remove('b' as TaskKey);
    ends.remove('never' as TaskKey);
    expect([ends.count, ends.firstEnds(5, 1, 0), ends.any()?.key]).toEqual([2, [200, 300], 'a']);
  });
});
