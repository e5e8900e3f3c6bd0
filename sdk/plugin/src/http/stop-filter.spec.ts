import { StopFilter } from './stop-filter.js';

/** What passes of the pieces, one by one, and what is left at the end. */
function passed(stops: readonly string[], pieces: readonly string[]): readonly string[] {
  const filter = new StopFilter(stops);
  return [...pieces.map((piece) => filter.pass(piece)), filter.rest()];
}

describe('StopFilter', () => {
  it.each<[string, string[], string[], string[]]>([
    ['everything without stop strings', [], ['a', 'b'], ['a', 'b', '']],
    ['what comes before a stop string', ['END'], ['one END two', 'more'], ['one ', '', '']],
    ['nothing of a stop string over pieces', ['END'], ['one E', 'N', 'D two'], ['one ', '', '', '']],
    ['what only looked like one', ['END'], ['one E', 'N', 'X'], ['one ', '', 'ENX', '']],
    ['what looked like one to the last', ['END'], ['one E', 'N'], ['one ', '', 'EN']],
    ['up to the first of several', ['two', 'one'], ['a one two'], ['a ', '']],
    ['a begin inside a begin', ['aab'], ['aa', 'a', 'b'], ['', 'a', '', '']],
    ['empty stop strings as none', [''], ['a'], ['a', '']],
  ])('lets pass %s (OC-ADAPT-5010)', (_, stops, pieces, expected) => {
    expect(passed(stops, pieces)).toEqual(expected);
  });

  it('says when a stop string has come (OC-ADAPT-5010)', () => {
    const filter = new StopFilter(['.']);
    filter.pass('a');
    expect(filter.isStopped).toBe(false);
    filter.pass('b.');
    expect(filter.isStopped).toBe(true);
  });
});
