import fc from 'fast-check';
import { sha256 } from '../../../test/support/model-signer.js';
import { digestOf, isDigest } from './digest.js';

const row = (path: string, content = path) => ({
  path,
  digest: `sha256:${sha256(content)}`,
  sizeBytes: content.length,
});

describe('the digest of a model', () => {
  it('is that of its file when it has one alone (ORCH-3060)', () => {
    expect(digestOf([row('model.gguf', 'weights')])).toBe(`sha256:${sha256('weights')}`);
  });

  it('is that of the canonical list of its files otherwise', () => {
    const text =
      `[{"digest":"sha256:${sha256('a')}","path":"a","size_bytes":1},` +
      `{"digest":"sha256:${sha256('b')}","path":"b","size_bytes":1}]`;
    expect(digestOf([row('b'), row('a')])).toBe(`sha256:${sha256(text)}`);
  });

  it('does not depend on the order of the files, and changes with each of them (ORCH-3068)', () => {
    const paths = fc.uniqueArray(fc.string({ minLength: 1, unit: 'grapheme' }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(paths, (names) => {
        const rows = names.map((name) => row(name));
        expect(digestOf([...rows].reverse())).toBe(digestOf(rows));
        expect(digestOf([row(names[0]!, 'other'), ...rows.slice(1)])).not.toBe(digestOf(rows));
      }),
      { seed: 7, numRuns: 100 },
    );
  });

  it('sorts by code points, not by halves of them', () => {
    const text =
      `[{"digest":"sha256:${sha256('x')}","path":"\uFB01","size_bytes":1},` +
      `{"digest":"sha256:${sha256('x')}","path":"\u{1F600}","size_bytes":1}]`;
    expect(digestOf([row('\u{1F600}', 'x'), row('\uFB01', 'x')])).toBe(`sha256:${sha256(text)}`);
  });

  it('is written in one way alone', () => {
    const hex = sha256('a');
    expect(isDigest(`sha256:${hex}`)).toBe(true);
    for (const other of [
      hex,
      `sha256:${hex.toUpperCase()}`,
      `sha256:${hex}\n`,
      `sha256:${hex.slice(1)}`,
      `sha1:${hex}`,
    ])
      expect(isDigest(other)).toBe(false);
  });
});
