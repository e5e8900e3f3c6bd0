import { PLUGIN_API_VERSION } from '@llama-orch/plugin-sdk';
import { checkApiVersion, readManifest } from './manifest.js';

const MANIFEST = { kind: 'engine-adapter', id: 'acme', apiVersion: '^1.0.0' };
const packageJson = (members: object = {}) =>
  JSON.stringify({ name: '@acme/engine', version: '2.3.4', llamaOrch: MANIFEST, ...members });

describe('a plugin manifest', () => {
  it('says what the package provides before its code runs', () => {
    expect(readManifest(packageJson({ main: 'dist/index.js' }))).toEqual({
      packageName: '@acme/engine',
      version: '2.3.4',
      kind: 'engine-adapter',
      id: 'acme',
      apiVersion: '^1.0.0',
      entry: 'dist/index.js',
    });
  });

  it.each([
    [{ exports: './a.js' }, './a.js'],
    [{ exports: { '.': './b.js' } }, './b.js'],
    [{ exports: { '.': { types: './c.d.ts', default: './c.js' } } }, './c.js'],
    [{ exports: { '.': { import: './d.js', require: './d.cjs' } } }, './d.js'],
    [{ main: './e.js' }, './e.js'],
    [{}, 'index.js'],
  ])('finds its entry in %j', (members, entry) => expect(readManifest(packageJson(members)).entry).toBe(entry));

  it.each([
    ['no manifest', { llamaOrch: undefined }, 'llamaOrch'],
    ['an unknown kind', { llamaOrch: { ...MANIFEST, kind: 'gpu-mover' } }, 'kind'],
    ['an id that nobody can write', { llamaOrch: { ...MANIFEST, id: 'Acme Engine' } }, 'id'],
    ['a range that is none', { llamaOrch: { ...MANIFEST, apiVersion: 'one' } }, 'semver'],
    ['a member that is not known', { llamaOrch: { ...MANIFEST, prio: 1 } }, 'prio'],
    ['no version', { version: undefined }, 'version'],
  ])('is refused with %s, and the sentence names it', (_what, members, word) => {
    expect(() => readManifest(packageJson(members))).toThrow(word);
  });

  it('is refused when it is no JSON', () => expect(() => readManifest('{')).toThrow());
});

describe('the version of the contracts', () => {
  const written = (apiVersion: string) => readManifest(packageJson({ llamaOrch: { ...MANIFEST, apiVersion } }));

  it.each(['^1.0.0', '>=1.0.0 <3', '1', '*'])('fits a plugin written for %s', (range) => {
    expect(() => checkApiVersion(written(range))).not.toThrow();
  });

  it.each(['^2.0.0', '0.9', '>1.0.0'])(
    'refuses a plugin written for %s, naming both versions and what to do',
    (range) => {
      expect(() => checkApiVersion(written(range))).toThrow(
        `it needs plugin contracts ${range}, this llama-orch has ${PLUGIN_API_VERSION}; install a matching version of @acme/engine`,
      );
    },
  );
});
