import fc from 'fast-check';
import { nearNames } from './near-names.js';

describe('near names', () => {
  const known = ['priority-fifo', 'wfq', 'edf', 'haiku-nano', 'qwen2.5-7b'];

  it.each([
    ['priority-fifi', ['priority-fifo']],
    ['HAIKU-NANO', ['haiku-nano']],
    ['haiku', ['haiku-nano']],
    ['edg', ['edf']],
    ['something else', []],
  ])('of %s are %j', (name, near) => expect(nearNames(name, known)).toEqual(near));

  it('come nearest first, then by the alphabet, five at most', () => {
    expect(nearNames('aaa', ['abb', 'aab', 'aaa', 'baa', 'aba', 'bba', 'zzzzzz'])).toEqual([
      'aaa',
      'aab',
      'aba',
      'baa',
      'abb',
    ]);
  });

  it('measure as Levenshtein did, up to their reach', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (name, other) => {
        const reach = Math.max(2, Math.floor(name.length / 3));
        const near = distance(name.toLowerCase(), other.toLowerCase()) <= reach || other.startsWith(name);
        expect(nearNames(name, [other])).toEqual(near ? [other] : []);
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});

function distance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const change = a[0] === b[0] ? 0 : 1;
  return change === 0
    ? distance(a.slice(1), b.slice(1))
    : 1 + Math.min(distance(a.slice(1), b.slice(1)), distance(a.slice(1), b), distance(a, b.slice(1)));
}
