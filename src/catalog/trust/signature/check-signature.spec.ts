import { type Curve, issue, newKeys } from '../../../../test/support/certificates.js';
import {
  encodingOf,
  sha256,
  signWithKey,
  type Bundle,
  type SigningFaults,
} from '../../../../test/support/model-signer.js';
import { NO_ANCHORS } from '../anchors.js';
import { checkSignature } from './check-signature.js';

const keys = newKeys();
const anchors = { ...NO_ANCHORS, keys: [keys.publicKey] };
const WEIGHTS = { name: 'model.gguf', digest: sha256('weights') };
const CARD = { name: 'docs/card.md', digest: sha256('card') };
const SIGNED = [CARD, WEIGHTS];

const row = ({ name, digest }: { name: string; digest: string }) => ({
  path: name,
  digest: `sha256:${digest}`,
  sizeBytes: 7,
});
const MODEL = SIGNED.map(row);

function check(bundle: Bundle | string, files = MODEL, trusted: typeof NO_ANCHORS = anchors, bundlePath?: string) {
  const text = typeof bundle === 'string' ? bundle : JSON.stringify(bundle);
  return checkSignature(text, { files, anchors: trusted, nowMs: 0, ...(bundlePath !== undefined && { bundlePath }) });
}

const signed = (faults: SigningFaults = {}) => signWithKey(SIGNED, keys, faults);
const refusal = (code: string) => ({ verified: false, reason: { code } });

describe('a signature with a key', () => {
  it.each(['P-256', 'P-384', 'P-521'] as const)('holds on %s, and names the key (ORCH-3060)', async (curve: Curve) => {
    const pair = newKeys(curve);
    const trusted = { ...NO_ANCHORS, keys: [keys.publicKey, pair.publicKey] };
    expect(await check(signWithKey(SIGNED, pair), MODEL, trusted)).toMatchObject({
      verified: true,
      method: 'key',
      signer: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      algo: expect.stringContaining(curve.toLowerCase().replace('-', '')),
    });
  });

  it('is refused when another key made it, and when no key is trusted (ORCH-3061)', async () => {
    expect(await check(signWithKey(SIGNED, newKeys()))).toMatchObject(refusal('wrong-key'));
    expect(await check(signed(), MODEL, NO_ANCHORS)).toMatchObject(refusal('no-trust-anchor'));
  });

  it('is refused when a trusted key is named and did not make it', async () => {
    const tampered = (payload: Buffer) => Buffer.from(payload.toString().replace('model.gguf', 'other.gguf'));
    expect(await check(signed({ tampered }))).toMatchObject(refusal('bad-signature'));
  });

  it('is made over type and payload exactly as DSSE encodes them', async () => {
    const encodings: ((type: string, payload: Buffer) => Buffer)[] = [
      (_, payload) => payload,
      (type, payload) => Buffer.from(encodingOf(type, payload).toString().replace('DSSEv1', 'DSSEV1')),
      (type, payload) => Buffer.from(encodingOf(type, payload).toString().replace('DSSEv1 28', 'DSSEv1 028')),
      (type, payload) => encodingOf(type, Buffer.concat([payload, Buffer.from('\n')])),
      (_, payload) => encodingOf('application/json', payload),
      (type, payload) => Buffer.from(payload.toString('base64') + type),
    ];
    for (const message of encodings) expect(await check(signed({ message }))).toMatchObject(refusal('bad-signature'));
  });

  it('does not take the encoding of version 0.2 for a statement of today', async () => {
    const message = (type: string, payload: Buffer) =>
      Buffer.from(`DSSEV1 ${type.length} ${type} ${payload.length} b'${payload.toString().replaceAll('\n', '\\n')}'`);
    expect(await check(signed({ message }))).toMatchObject(refusal('bad-signature'));
    const old = { message, predicateType: 'https://model_signing/Digests/v0.1' };
    const named = [{ name: 'model', digest: sha256(Buffer.from(SIGNED.map(({ digest }) => digest).join(''), 'hex')) }];
    expect(await check(signed(old), named.map(row))).toMatchObject({ verified: true });
  });

  it.each([
    ['the payload type', { payloadType: 'application/json' }],
    ['the statement type', { statementType: 'https://in-toto.io/Statement/v0.1' }],
    ['the predicate type', { predicateType: 'https://slsa.dev/provenance/v1' }],
    ['a predicate type that begins alike', { predicateType: 'https://model_signing/signature/v1.0.1' }],
  ])('is refused when %s is another one', async (_, faults) => {
    expect(await check(signed(faults))).toMatchObject(refusal('wrong-predicate'));
  });

  it.each([
    ['pieces of files', { method: 'shards' }],
    ['digests that are not sha256', { hashType: 'blake2b' }],
  ])('is refused over %s, which are not read here', async (_, faults) => {
    expect(await check(signed(faults))).toMatchObject(refusal('unsupported-bundle'));
  });

  it('is refused when its digest over all files is another one, or a file stands there twice', async () => {
    expect(await check(signed({ rootDigest: sha256('x') }))).toMatchObject(refusal('malformed-statement'));
    expect(await check(signWithKey([CARD, CARD], keys))).toMatchObject(refusal('malformed-statement'));
  });

  it.each(['../model.gguf', '/model.gguf', 'a/./b', 'a//b', 'a\u0000b', 'C:/model.gguf', ''])(
    'is refused over the path %j',
    async (name) => {
      expect(await check(signWithKey([{ ...WEIGHTS, name }], keys))).toMatchObject(refusal('malformed-statement'));
    },
  );
});

describe('the files of a signature', () => {
  it('have to be the same bytes (ORCH-3061)', async () => {
    const flipped = { ...WEIGHTS, digest: sha256('weightt') };
    expect(await check(signed(), [CARD, flipped].map(row))).toMatchObject(refusal('signed-file-differs'));
  });

  it('have to be there, all of them', async () => {
    expect(await check(signed(), [row(CARD)])).toMatchObject(refusal('missing-signed-file'));
    expect(await check(signed(), [])).toMatchObject(refusal('missing-signed-file'));
  });

  it('are all that may be there', async () => {
    const extra = row({ name: 'adapter.bin', digest: sha256('x') });
    const checked = await check(signed(), [...MODEL, extra]);
    expect(checked).toMatchObject({ verified: false, reason: { code: 'unsigned-extra-file' } });
    expect(JSON.stringify(checked)).toContain('adapter.bin');
  });

  it('may be joined by what the signature leaves out, at its place alone', async () => {
    const bundle = signed({ ignorePaths: ['cache', './notes.txt'] });
    const beside = ['.git/config', '.gitignore', 'cache/x/y', 'notes.txt'].map((name) => row({ ...CARD, name }));
    expect(await check(bundle, [...MODEL, ...beside])).toMatchObject({ verified: true });
    for (const name of ['sub/.git/config', 'cached', 'sub/cache/x', 'Cache/x'])
      expect(await check(bundle, [...MODEL, row({ ...CARD, name })])).toMatchObject(refusal('unsigned-extra-file'));
  });

  it('include whatever an engine could load, even where the signature leaves it out', async () => {
    const bundle = signed({ ignorePaths: ['cache'] });
    const weights = row({ ...WEIGHTS, name: 'cache/other.GGUF' });
    expect(await check(bundle, [...MODEL, weights])).toMatchObject(refusal('unsigned-extra-file'));
  });

  it.each(['*', '.', '..', '/', '', 'a/../b'])('cannot be left out by %j', async (path) => {
    expect(await check(signed({ ignorePaths: [path] }))).toMatchObject(refusal('malformed-statement'));
  });

  it('do not include the bundle, where it lies inside the model', async () => {
    const files = [...MODEL, row({ name: 'model.sig', digest: sha256('sig') })];
    expect(await check(signed(), files)).toMatchObject(refusal('unsigned-extra-file'));
    expect(await check(signed(), files, anchors, 'model.sig')).toMatchObject({ verified: true });
  });
});

describe('a bundle', () => {
  const without = (member: string) => JSON.stringify({ ...signed(), [member]: undefined });
  const chain = { x509CertificateChain: { certificates: [] } };
  const leaf = { rawBytes: issue({ name: 'a' }).certificate.toString('base64') };

  it.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a bundle of another kind', JSON.stringify(signed({ mediaType: 'application/json' }))],
    ['a bundle without an envelope', without('dsseEnvelope')],
    ['a bundle without material', without('verificationMaterial')],
    ['an empty chain', JSON.stringify({ ...signed(), verificationMaterial: chain })],
    ['no signature', JSON.stringify(signed({ signatures: 0 }))],
    [
      'two kinds of material',
      JSON.stringify({ ...signed(), verificationMaterial: { publicKey: { hint: 'a' }, certificate: leaf } }),
    ],
    ['a key that is not told', JSON.stringify({ ...signed(), verificationMaterial: { publicKey: {} } })],
    ['a keyless one without a log', JSON.stringify({ ...signed(), verificationMaterial: { certificate: leaf } })],
    [
      'a payload in base64 for URLs',
      JSON.stringify({ ...signed(), dsseEnvelope: { ...signed().dsseEnvelope, payload: '-_-_' } }),
    ],
  ])('is malformed when it is %s', async (_, text) => {
    expect(await check(text)).toMatchObject(refusal('malformed-bundle'));
  });

  it('has one signature', async () => {
    expect(await check(signed({ signatures: 2 }))).toMatchObject(refusal('several-signatures'));
  });

  it('is looked at before it is parsed: neither too large nor nested too deep', async () => {
    expect(await check(' '.repeat(17 * 1024 * 1024))).toMatchObject(refusal('oversized-bundle'));
    expect(await check('['.repeat(1_000_000))).toMatchObject(refusal('oversized-bundle'));
    const deep = `{"a":${'{"b":'.repeat(40)}1${'}'.repeat(40)}}`;
    expect(await check(deep)).toMatchObject(refusal('oversized-bundle'));
    expect(await check(`{"a":"${'[{\\"'.repeat(100)}"}`)).toMatchObject(refusal('malformed-bundle'));
  });
});
