import { digest, entryOf } from '../../test/support/catalog-entries.js';
import { ModelNames, namesOfEntry } from './model-names.js';

describe('A model ref', () => {
  const names = new ModelNames([
    entryOf('a', { digest: digest('1'), state: 'Retired', sourceUrl: 'file:/m.gguf' }),
    entryOf('b', { digest: digest('1'), aliases: ['bee', 'hf:org/looks-like-one'], sourceUrl: 'hf:org/b@main' }),
    entryOf('c', { digest: digest('2'), sourceUrl: 'hf:org/looks-like-one', pinnedRef: 'hf:org/c@0123' }),
  ]);

  it.each([
    ['a', 'a'],
    ['bee', 'b'],
    [digest('2'), 'c'],
    [digest('2').toUpperCase().replace('SHA256', 'sha256'), 'c'],
    [digest('1'), 'b'],
    ['file:/m.gguf', 'a'],
    ['file:///m.gguf', 'a'],
    ['hf:org/b@main', 'b'],
    ['hf:org/c@0123', 'c'],
    ['hf:org/looks-like-one', 'b'],
    ['nobody', undefined],
    ['hf:org/b', undefined],
  ])('%s leads to entry %s: id and alias come first, then digest, then source (ORCH-3090, ORCH-3068)', (ref, id) =>
    expect(names.find(ref)?.id).toBe(id),
  );

  it('is any of the names that an entry has (ORCH-3090)', () => {
    const entry = entryOf('m', { aliases: ['n'], sourceUrl: 'hf:o/m', pinnedRef: 'hf:o/m@1' });
    expect(namesOfEntry(entry)).toEqual(['m', 'n', digest('0'), 'hf:o/m', 'hf:o/m@1']);
  });
});
