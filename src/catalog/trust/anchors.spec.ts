import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issue, newKeys } from '../../../test/support/certificates.js';
import { narrowedAnchors, readAnchors } from './anchors.js';
import { configuredAnchors } from './configured-anchors.js';

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const key = pem(newKeys('P-521').publicKey);
const root = issue({ name: 'root', isAuthority: true });
const signers = [{ identity: 'a@example.org', issuer: 'https://issuer.example.org' }];

describe('trust anchors', () => {
  it('are the keys, certificates and Sigstore roots of files, with any text between (ORCH-3063)', () => {
    const sigstore = JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' });
    const anchors = readAnchors(
      [
        { name: 'ours.pem', text: `our key:\n${key}\nour root:\n${root.pem}` },
        { name: 'trusted_root.json', text: sigstore },
      ],
      signers,
    );
    expect(anchors.keys.map(pem)).toEqual([key]);
    expect(anchors.certificates.map(({ subject }) => subject)).toEqual(['CN=root']);
    expect(anchors.sigstoreRoots).toHaveLength(1);
    expect(anchors.identities).toEqual(signers);
  });

  it.each([
    ['empty', ''],
    ['a private key', newKeys().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['an Ed25519 key', pem(generateKeyPairSync('ed25519').publicKey)],
    ['an RSA key', pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)],
    ['a key on another curve', pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)],
    ['a broken certificate', root.pem.replace(/MI/, 'XX')],
    ['other JSON', '{"mediaType":"application/json"}'],
    ['broken JSON', '{'],
  ])('are refused with the name of the file when it is %s', (_, text) => {
    const read = () => readAnchors([{ name: 'ours.pem', text }]);
    expect(read).toThrow(/^ours\.pem /);
    if (text.length > 40) expect(read).not.toThrow(text.slice(30, 60));
  });

  it('are narrowed by an entry and never widened', () => {
    const stranger = pem(newKeys().publicKey);
    const anchors = readAnchors([{ name: 'ours.pem', text: `${key}${root.pem}` }], signers);
    expect(narrowedAnchors(anchors, [])).toBe(anchors);
    expect(narrowedAnchors(anchors, [key, stranger])).toMatchObject({ keys: [expect.anything()], certificates: [] });
    expect(narrowedAnchors(anchors, [root.pem])).toMatchObject({ keys: [], certificates: [expect.anything()] });
    expect(narrowedAnchors(anchors, [stranger])).toMatchObject({ keys: [], certificates: [], identities: [] });
  });
});

describe('the trust anchors of the configuration', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'anchors-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are read from files beside it', () => {
    writeFileSync(join(folder, 'ours.pem'), key);
    const anchors = configuredAnchors({ ca_roots: ['ours.pem'], signers }, folder);
    expect(anchors).toMatchObject({ keys: [expect.anything()], identities: signers });
  });

  it('name the file that is not there, and no folder of the host', () => {
    const read = () => configuredAnchors({ ca_roots: ['gone.pem'], signers: [] }, folder);
    expect(read).toThrow('catalog.trust_policy.ca_roots: gone.pem cannot be read (ENOENT)');
    expect(read).not.toThrow(folder);
  });
});
