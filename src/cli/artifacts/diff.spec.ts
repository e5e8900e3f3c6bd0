import fc from 'fast-check';
import { applyEdits, diffLines } from './diff.js';

const lines = fc.array(fc.constantFrom('a', 'b', 'c', '', '{', '}'), { maxLength: 40 });

describe('The difference of two texts', () => {
  it('makes the new one of the old one, with no line more than has to be touched (P-10)', () => {
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const edits = diffLines(before, after);
        expect(applyEdits(before, edits)).toEqual(after);
        const touched = edits.filter(({ type }) => type !== 'same').flatMap((edit) => edit.lines).length;
        expect(touched).toBe(before.length + after.length - 2 * longestCommon(before, after));
      }),
      { numRuns: 500 },
    );
  });

  it('stays right, and quick, for texts that have little in common (P-10)', () => {
    const before = Array.from({ length: 30_000 }, (_, at) => `old ${at}`);
    const after = Array.from({ length: 30_000 }, (_, at) => (at % 1_000 === 0 ? `old ${at}` : `new ${at}`));
    const started = process.cpuUsage();
    expect(applyEdits(before, diffLines(before, after))).toEqual(after);
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(5_000);
  });

  it('does not apply to another text (P-10)', () => {
    const edits = diffLines(['a', 'b'], ['a', 'c']);
    for (const other of [['a', 'x'], ['a', 'b', 'c'], ['a']])
      expect(() => applyEdits(other, edits)).toThrow('do not fit');
  });
});

function longestCommon(before: readonly string[], after: readonly string[]): number {
  let above = new Array<number>(after.length + 1).fill(0);
  for (const line of before) {
    const row = [0];
    for (const [at, other] of after.entries())
      row.push(line === other ? above[at]! + 1 : Math.max(above[at + 1]!, row[at]!));
    above = row;
  }
  return above.at(-1)!;
}
