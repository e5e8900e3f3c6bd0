import { readFileSync } from 'node:fs';
import { sha256 } from '../../../../test/support/model-signer.js';
import { readAnchors, type SignerIdentity } from '../anchors.js';
import { checkSignature } from './check-signature.js';

const FOLDER = new URL('../../../../test/fixtures/model-signing/', import.meta.url);
const SIGNER = { identity: 'stefanb@us.ibm.com', issuer: 'https://sigstore.verify.ibm.com/oauth2' };
const NOW = Date.parse('2026-06-01T00:00:00Z');
const ANCHORS = ['reference-tool/ca-cert.pem', 'reference-tool/signing-key-pub.pem', 'trusted_root.json'];

const file = (path: string, content: string) => ({
  path,
  digest: `sha256:${sha256(content)}`,
  sizeBytes: content.length,
});
/** What the reference tool signed: its shell wrote one of the files with a line end in some versions. */
const FOLDER_MODEL = [file('signme-1', 'signme-1'), file('signme-2', 'signme-2')];
const KEY_MODEL = [file('signme-1', 'signme-1\n'), file('signme-2', 'signme-2')];
const ONE_FILE_MODEL = [file('signme-1', 'signme-1\n')];

const textOf = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');

function anchorsWith(...signers: SignerIdentity[]) {
  return readAnchors(
    ANCHORS.map((name) => ({ name, text: textOf(name) })),
    signers,
  );
}

function check(name: string, files = FOLDER_MODEL, anchors = anchorsWith(SIGNER)) {
  return checkSignature(textOf(name), { files, anchors, nowMs: NOW });
}

describe('bundles that the reference tool made', () => {
  it.each([
    ['v0.2.0-certificate', FOLDER_MODEL, 'certificate'],
    ['v0.3.1-certificate', FOLDER_MODEL, 'certificate'],
    ['v0.3.1-elliptic-key', ONE_FILE_MODEL, 'key'],
    ['v0.3.1-sigstore', FOLDER_MODEL, 'sigstore'],
    ['v1.0.0-certificate', FOLDER_MODEL, 'certificate'],
    ['v1.0.0-elliptic-key', ONE_FILE_MODEL, 'key'],
    ['v1.0.0-sigstore', FOLDER_MODEL, 'sigstore'],
    ['v1.0.1-certificate', FOLDER_MODEL, 'certificate'],
    ['v1.0.1-elliptic-key', KEY_MODEL, 'key'],
    ['v1.0.1-sigstore', FOLDER_MODEL, 'sigstore'],
    ['v1.1.0-certificate', FOLDER_MODEL, 'certificate'],
    ['v1.1.0-elliptic-key', KEY_MODEL, 'key'],
    ['v1.1.0-sigstore', FOLDER_MODEL, 'sigstore'],
  ] as const)('verifies %s, and refuses it for other bytes (ORCH-3061, ORCH-3063)', async (name, files, method) => {
    const bundle = `reference-tool/${name}.sig`;
    expect(await check(bundle, [...files])).toMatchObject({ verified: true, method });
    const flipped = [file('signme-1', 'signme-0'), ...files.slice(1)];
    expect(await check(bundle, flipped)).toMatchObject({ reason: { code: 'signed-file-differs' } });
  });

  it('proves when a bundle with a log entry was signed', async () => {
    expect(await check('reference-tool/v1.1.0-sigstore.sig')).toMatchObject({
      signer: SIGNER.identity,
      timestampMs: Date.parse('2025-10-10T02:12:20Z'),
    });
  });

  it.each([
    ['nobody', [], 'no-trust-anchor'],
    ['another identity', [{ ...SIGNER, identity: 'somebody@example.org' }], 'wrong-identity'],
    ['another issuer', [{ ...SIGNER, issuer: 'https://accounts.example.org' }], 'wrong-identity'],
    ['a part of the identity', [{ ...SIGNER, identity: 'stefanb@us' }], 'wrong-identity'],
    ['an expression that would match', [{ ...SIGNER, identity: '.*' }], 'wrong-identity'],
  ])('refuses a keyless signature when %s is trusted (ORCH-3063)', async (_, signers, code) => {
    const checked = await check('reference-tool/v1.1.0-sigstore.sig', FOLDER_MODEL, anchorsWith(...signers));
    expect(checked).toMatchObject({ verified: false, reason: { code } });
  });

  it('refuses a keyless signature without its Sigstore root, or with a log entry of another one', async () => {
    const bundle = JSON.parse(textOf('reference-tool/v1.1.0-sigstore.sig')) as {
      verificationMaterial: { tlogEntries: unknown };
    };
    const other = JSON.parse(textOf('reference-tool/v1.0.1-sigstore.sig')) as typeof bundle;
    bundle.verificationMaterial.tlogEntries = other.verificationMaterial.tlogEntries;
    const model = { files: FOLDER_MODEL, nowMs: NOW };
    const anchors = anchorsWith(SIGNER);
    expect(await checkSignature(JSON.stringify(bundle), { ...model, anchors })).toMatchObject({
      reason: { code: 'transparency-log' },
    });
    const rootless = { ...anchors, sigstoreRoots: [] };
    expect(await check('reference-tool/v1.1.0-sigstore.sig', FOLDER_MODEL, rootless)).toMatchObject({
      reason: { code: 'no-trust-anchor' },
    });
  });
});

describe('vectors of the specification', () => {
  it.each([
    ['valid/certificate', KEY_MODEL],
    ['valid/key', KEY_MODEL],
    ['valid/sigstore', FOLDER_MODEL],
  ] as const)('verifies %s (ORCH-3061)', async (name, files) => {
    expect(await check(`specification/${name}.bundle.json`, [...files])).toMatchObject({ verified: true });
  });

  it.each([
    ['invalid/missing-envelope', 'malformed-bundle'],
    ['invalid/missing-tlog-entries', 'malformed-bundle'],
    ['invalid/missing-verification-material', 'malformed-bundle'],
    ['invalid/wrong-predicate', 'bad-signature'],
  ])('refuses %s (ORCH-3061)', async (name, code) => {
    expect(await check(`specification/${name}.bundle.json`, KEY_MODEL)).toMatchObject({ reason: { code } });
  });
});
