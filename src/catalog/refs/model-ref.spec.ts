import fc from 'fast-check';
import { isCatalogId, parseModelRef } from './model-ref.js';

const HEX = 'ab'.repeat(32);

describe('a model ref', () => {
  it.each([
    ['haiku-nano', { type: 'name', name: 'haiku-nano', relativePath: 'haiku-nano' }],
    ['qwen/small.gguf', { type: 'name', relativePath: 'qwen/small.gguf' }],
    ['A b', { type: 'name', relativePath: 'A b' }],
    ['team:qwen@2', { type: 'name', name: 'team:qwen@2' }],
    [`sha256:${HEX.toUpperCase()}`, { type: 'digest', digest: `sha256:${HEX}` }],
    ['hf:org/repo', { type: 'huggingface', repository: 'org/repo', file: undefined, revision: undefined }],
    ['hf:org/repo/a/b.gguf@v1.0', { type: 'huggingface', repository: 'org/repo', file: 'a/b.gguf', revision: 'v1.0' }],
    ['repo:org/name', { type: 'huggingface', repository: 'org/name', file: undefined }],
    ['https://host/a.gguf', { type: 'https', url: 'https://host/a.gguf', digest: undefined }],
    [`https://host:8443/a.gguf?x=1#sha256=${HEX}`, { type: 'https', digest: `sha256:${HEX}` }],
    ['s3://models/q/a.gguf', { type: 's3', bucket: 'models', key: 'q/a.gguf' }],
    ['oci://host:5000/team/qwen:latest', { type: 'oci', registry: 'host:5000', reference: 'latest' }],
    [`oci://host/qwen@sha256:${HEX}`, { type: 'oci', repository: 'qwen', reference: `sha256:${HEX}` }],
    ['file:/models/a.gguf', { type: 'file', path: '/models/a.gguf' }],
    ['file:///models/a.gguf', { type: 'file', path: '/models/a.gguf' }],
  ])('may be %s (ORCH-3090)', (text, expected) => expect(parseModelRef(text)).toMatchObject(expected));

  it.each([
    ...['', ' a', '/abs', '../x', 'a/../b', 'a//b', './a', 'a\nb', 'a\u0000', `a${'b'.repeat(1024)}`, '-a'],
    ...['sha256:abc', `sha256:${'g'.repeat(64)}`, 'hf:org', 'hf:org/', 'hf:org/repo/../x', 'hf:org/repo@', 'hf:-o/r'],
    ...['repo:org/name/file', 'http://host/a', 'https://', 'https://user:word@host/a', 'https://host/a#md5=1'],
    ...['https://host/a/../b', 'https://host/%2e%2e/b', 's3://b', 's3://UP/k', 's3://bucket/../k', 'oci://host/repo'],
    ...['oci://host/Repo:tag', 'file:models/a', 'file:/models/../etc/passwd', 'file:', 'file://host/a', 'file:/'],
  ])('may not be %j, and is told why (ORCH-3090)', (text) => {
    expect(parseModelRef(text)).toEqual({ type: 'malformed', message: expect.stringMatching(/^m(?:ust|ay)/) });
  });

  it('leads nowhere above its start, whatever it is made of (ORCH-4606)', () => {
    const piece = fc.constantFrom(
      '..',
      '.',
      '/',
      'a',
      '%2e',
      'file:',
      'hf:',
      's3://',
      '\\',
      '\u0000',
      'models',
      '@',
      '#',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const ref = parseModelRef(text);
        if (ref.type === 'malformed') return;
        const paths = [ref].flatMap((one) =>
          one.type === 'name' ? (one.relativePath ?? []) : one.type === 'file' ? one.path : [],
        );
        for (const path of paths) expect(path.split('/').filter((part) => /^\.{1,2}$/.test(part))).toEqual([]);
        if (isCatalogId(text)) expect(text.split('/')).not.toContain('..');
      }),
    );
  });
});
