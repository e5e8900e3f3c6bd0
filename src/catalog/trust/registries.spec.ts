import { isInRegistries, registryOf } from './registries.js';

describe('the place that a model ref leads to', () => {
  it.each([
    ['hf:org/repo/file.gguf@main', 'huggingface.co/org/repo/file.gguf'],
    ['hf:org/repo', 'huggingface.co/org/repo'],
    ['repo:org/name', 'huggingface.co/org/name'],
    ['https://models.example.org:8443/a/b.gguf?x=1#sha256=00', 'models.example.org:8443/a/b.gguf'],
    ['https://MODELS.example.org/a', 'models.example.org/a'],
    ['https://models.example.org/a/../b', 'models.example.org/b'],
    ['s3://bucket/key/file.gguf', 's3/bucket/key/file.gguf'],
    ['s3://huggingface.co/key', 's3/huggingface.co/key'],
    ['oci://registry.example.org:5000/team/model:v1', 'registry.example.org:5000/team/model'],
    ['oci://registry.example.org/team/model@sha256:00', 'registry.example.org/team/model'],
    ['file:/srv/models/a.gguf', 'file'],
    ['models/a.gguf', 'file'],
  ])('of %s is %s (ORCH-3062)', (ref, place) => expect(registryOf(ref)).toBe(place));

  it.each([
    'https://good.example.org@evil.example.org/a',
    'https://good.example.org/%2e%2e%2fevil/a',
    'https://',
    'ftp://example.org/a',
    'hf:../repo',
    'hf:org//repo',
    's3://bucket/../other/key',
    'oci://registry.example.org/a b:v1',
  ])('of %s is not known', (ref) => expect(registryOf(ref)).toBeUndefined());
});

describe('a registry', () => {
  it.each([
    ['huggingface.co/org/repo', 'huggingface.co', true],
    ['huggingface.co/org/repo', 'HuggingFace.co', true],
    ['huggingface.co/org/repo', 'huggingface.co/org', true],
    ['huggingface.co/org/repo', 'huggingface.co/org/', true],
    ['huggingface.co/organisation/repo', 'huggingface.co/org', false],
    ['huggingface.co/Org/repo', 'huggingface.co/org', false],
    ['huggingface.co.evil.example/org/repo', 'huggingface.co', false],
    ['evil-huggingface.co/org', 'huggingface.co', false],
    ['models.example.org:8443/a', 'models.example.org', false],
    ['models.example.org:8443/a', 'models.example.org:8443', true],
    ['a.b.example.org/x', '*.example.org', true],
    ['example.org/x', '*.example.org', false],
    ['badexample.org/x', '*.example.org', false],
    ['file', 'file', true],
    ['file', 'huggingface.co', false],
  ])('holds %s: %s is %s (ORCH-3063)', (place, registry, isIn) =>
    expect(isInRegistries(place, ['nowhere.example', registry])).toBe(isIn),
  );

  it('holds nothing that nobody knows, and an empty list holds nothing', () => {
    expect(isInRegistries(undefined, ['*.example.org', ''])).toBe(false);
    expect(isInRegistries('huggingface.co', [])).toBe(false);
  });
});
