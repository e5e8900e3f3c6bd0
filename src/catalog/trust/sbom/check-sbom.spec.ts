import { sha256 } from '../../../../test/support/model-signer.js';
import { digestOf } from '../digest.js';
import { checkSbom } from './check-sbom.js';
import { bomOf } from './write-bom.js';

const file = (path: string) => ({ path, digest: `sha256:${sha256(path)}`, sizeBytes: path.length });
const ONE = { files: [file('model.gguf')], digest: file('model.gguf').digest };
const FILES = [file('config.json'), file('model.safetensors')];
const FOLDER = { files: FILES, digest: digestOf(FILES) };

const hash = (content: string, alg = 'SHA-256') => ({ alg, content });
const hex = (digest: string) => digest.replace('sha256:', '');
const refused = (code: string) => ({ type: 'refused', reason: { code } });

const model = (members: object = {}) => ({ type: 'machine-learning-model', name: 'm', ...members });
const bom = (component: unknown, members: object = {}) =>
  JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', metadata: { component }, ...members });

describe('the SBOM of a model', () => {
  it.each(['1.5', '1.6', '1.7'])(
    'agrees when it has the hash of the model, in CycloneDX %s (ORCH-3065)',
    (specVersion) => {
      const text = bom(model({ hashes: [hash('00', 'MD5'), hash(hex(ONE.digest).toUpperCase())] }), { specVersion });
      expect(checkSbom(text, ONE)).toEqual({ type: 'agrees' });
      expect(checkSbom(bom(model({ hashes: [hash(hex(FOLDER.digest))] })), FOLDER)).toEqual({ type: 'agrees' });
    },
  );

  it('agrees when it has the hashes of all files', () => {
    const parts = FILES.map(({ path, digest }) => ({ type: 'file', name: path, hashes: [hash(hex(digest))] }));
    expect(checkSbom(bom(model({ components: parts })), FOLDER)).toEqual({ type: 'agrees' });
    expect(checkSbom(bom(model(), { components: parts }), FOLDER)).toEqual({ type: 'agrees' });
    expect(checkSbom(bom(model({ components: parts.slice(1) })), FOLDER)).toMatchObject(refused('sbom-unbound'));
  });

  it('may list the model among others', () => {
    const base = model({ name: 'base', hashes: [hash(sha256('base'))] });
    const components = [base, model({ hashes: [hash(hex(ONE.digest))] })];
    expect(checkSbom(bom({ type: 'application', name: 'app' }, { components }), ONE)).toEqual({ type: 'agrees' });
    expect(checkSbom(bom(undefined, { components: [base, base] }), ONE)).toMatchObject(refused('sbom-unbound'));
  });

  it('is refused when a hash is another one (ORCH-3061)', () => {
    expect(checkSbom(bom(model({ hashes: [hash(sha256('other'))] })), ONE)).toMatchObject(refused('sbom-mismatch'));
    const wrong = { type: 'file', name: 'config.json', hashes: [hash(sha256('other'))] };
    const text = bom(model({ hashes: [hash(hex(FOLDER.digest))], components: [wrong] }));
    expect(checkSbom(text, FOLDER)).toMatchObject(refused('sbom-mismatch'));
  });

  it('is refused when its hashes contradict each other', () => {
    const text = bom(model({ hashes: [hash(hex(ONE.digest)), hash(sha256('other'))] }));
    expect(checkSbom(text, ONE)).toMatchObject(refused('sbom-mismatch'));
  });

  it('is refused when it has no hash that could bind it to the model', () => {
    expect(checkSbom(bom(model()), ONE)).toMatchObject(refused('sbom-unbound'));
    expect(checkSbom(bom(model({ hashes: [hash(sha256('x'), 'SHA-512')] })), ONE)).toMatchObject(
      refused('sbom-unbound'),
    );
    expect(checkSbom(bom(model()), { files: [], digest: undefined })).toMatchObject(refused('sbom-unbound'));
  });

  it('is the one that was supplied', () => {
    const text = bom(model({ hashes: [hash(hex(ONE.digest))] }));
    expect(checkSbom(text, { ...ONE, sbomDigest: `sha256:${sha256(text)}` })).toEqual({ type: 'agrees' });
    expect(checkSbom(text, { ...ONE, sbomDigest: ONE.digest })).toMatchObject(refused('sbom-digest-mismatch'));
  });

  it.each([
    ['nothing', '', 'malformed-sbom'],
    ['no JSON', '{"bomFormat"', 'malformed-sbom'],
    ['null', 'null', 'malformed-sbom'],
    ['SPDX', '{"spdxVersion":"SPDX-2.3"}', 'malformed-sbom'],
    ['XML', '<bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>', 'malformed-sbom'],
    ['of an old version', bom(model(), { specVersion: '1.4' }), 'unsupported-sbom'],
    ['of a later version', bom(model(), { specVersion: '2.0' }), 'unsupported-sbom'],
    ['about an application', bom({ type: 'application', name: 'a' }), 'unsupported-sbom'],
    ['with hashes that are no list', bom(model({ hashes: 'x' })), 'malformed-sbom'],
    ['nested too deep', '{"a":'.repeat(100), 'oversized-sbom'],
    ['too large', ' '.repeat(17 * 1024 * 1024), 'oversized-sbom'],
  ])('is refused when it is %s', (_, text, code) => {
    expect(checkSbom(text, ONE)).toMatchObject(refused(code));
  });

  it('may be missing', () => expect(checkSbom(undefined, ONE)).toEqual({ type: 'missing' }));
});

describe('the SBOM that is written of a model', () => {
  const written = { id: 'm', version: '1', sourceUrl: 'hf:org/m', ...FOLDER };

  it('agrees with the model, and is the same each time (ORCH-3065)', () => {
    const text = JSON.stringify(bomOf(written));
    expect(checkSbom(text, FOLDER)).toEqual({ type: 'agrees' });
    expect(JSON.stringify(bomOf({ ...written, files: [...FILES].reverse() }))).toBe(text);
    expect(bomOf(written)).toMatchObject({
      serialNumber: expect.stringMatching(
        /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      ),
      metadata: { component: { name: 'm', version: '1', externalReferences: [{ url: 'hf:org/m' }] } },
    });
  });

  it('keeps licences and pedigree of the one that came with it', () => {
    const licenses = [{ license: { id: 'Apache-2.0' } }];
    const pedigree = { ancestors: [{ type: 'machine-learning-model', name: 'base' }] };
    const sbom = bom(model({ hashes: [hash(hex(FOLDER.digest))], licenses, pedigree }));
    expect(bomOf({ ...written, sbom })).toMatchObject({ metadata: { component: { licenses, pedigree } } });
  });

  it('can be written of a model of which little is known', () => {
    const little = { id: 'm', version: undefined, digest: undefined, sourceUrl: undefined, files: [], sbom: '{' };
    expect(bomOf(little)).toMatchObject({ metadata: { component: { type: 'machine-learning-model', name: 'm' } } });
  });
});
