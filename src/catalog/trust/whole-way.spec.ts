import { X509Certificate } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issue, newKeys } from '../../../test/support/certificates.js';
import { filesToSign, signWithCertificate, signWithKey, type Bundle } from '../../../test/support/model-signer.js';
import { NO_ANCHORS } from './anchors.js';
import { digestOf } from './digest.js';
import { modelFiles } from './model-files.js';
import { checkSbom } from './sbom/check-sbom.js';
import { bomOf } from './sbom/write-bom.js';
import { checkSignature } from './signature/check-signature.js';
import { stricterOf } from './trust-policy.js';
import { judgeTrust, type TrustVerdict } from './verdict.js';

const NOW = Date.parse('2030-01-01');
const keys = newKeys();
const root = issue({ name: 'root', isAuthority: true });
const signer = issue({ name: 'signer', issuer: root });
const expired = issue({ name: 'signer', issuer: root, until: new Date('2029-12-31') });
const anchors = { ...NO_ANCHORS, keys: [keys.publicKey], certificates: [new X509Certificate(root.pem)] };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trust-'));
  mkdirSync(join(folder, 'onnx'));
  writeFileSync(join(folder, 'config.json'), '{}');
  writeFileSync(join(folder, 'onnx/model.gguf'), 'weights');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Delivery {
  readonly bundle: Bundle | undefined;
  readonly sbom: string | undefined;
  readonly supplied?: string;
}

/** What a publisher sends along with the folder as it is now. */
async function published(bundle: Bundle | undefined = signWithKey(filesToSign(folder), keys)): Promise<Delivery> {
  const files = await modelFiles(folder);
  const model = { id: 'm', version: undefined, digest: digestOf(files), sourceUrl: undefined, files };
  return { bundle, sbom: JSON.stringify(bomOf(model)) };
}

async function verdictOn({ bundle, sbom, supplied }: Delivery, mode: 'strict' | 'permissive'): Promise<TrustVerdict> {
  const files = await modelFiles(folder);
  const digest = digestOf(files);
  const text = bundle === undefined ? undefined : JSON.stringify(bundle);
  return judgeTrust({
    policy: stricterOf({ mode }),
    registry: undefined,
    suppliedDigest: supplied,
    model: { type: 'read', digest },
    isDeclaredUnsigned: false,
    signatures: text === undefined ? [] : [await checkSignature(text, { files, anchors, nowMs: NOW })],
    sbom: checkSbom(sbom, { digest, files }),
  });
}

async function expectRefused(delivery: Delivery, code: string): Promise<void> {
  const strict = await verdictOn(delivery, 'strict');
  expect(strict.verdict).toBe('fail');
  expect(strict.reasons.map((reason) => reason.code)).toContain(code);
  const permissive = await verdictOn(delivery, 'permissive');
  expect(permissive.verdict).toBe('warn');
  expect(permissive.reasons.map((reason) => reason.code)).toContain(code);
  expect(permissive.warnings.length).toBe(permissive.reasons.length);
}

describe('a folder of weights', () => {
  it('passes with a signature by a trusted key, or a certificate of a trusted authority (ORCH-3061)', async () => {
    expect(await verdictOn(await published(), 'strict')).toEqual({ verdict: 'pass', reasons: [], warnings: [] });
    const byCertificate = await published(signWithCertificate(filesToSign(folder), signer));
    expect((await verdictOn(byCertificate, 'strict')).verdict).toBe('pass');
  });

  it('is refused under strict and warned of under permissive after a bit was flipped', async () => {
    const delivery = await published();
    writeFileSync(join(folder, 'onnx/model.gguf'), 'veights');
    await expectRefused(delivery, 'signed-file-differs');
    await expectRefused(delivery, 'sbom-mismatch');
  });

  it('is refused in both modes after a bit was flipped, when its digest was supplied (ORCH-3037)', async () => {
    const delivery = { ...(await published()), supplied: digestOf(await modelFiles(folder)) };
    expect((await verdictOn(delivery, 'strict')).verdict).toBe('pass');
    writeFileSync(join(folder, 'onnx/model.gguf'), 'veights');
    for (const mode of ['strict', 'permissive'] as const)
      expect(await verdictOn(delivery, mode)).toMatchObject({
        verdict: 'fail',
        reasons: [{ code: 'digest-mismatch' }, {}, {}],
      });
  });

  it('is refused under strict and warned of under permissive with a signature by another key (ORCH-3067)', async () => {
    await expectRefused(await published(signWithKey(filesToSign(folder), newKeys())), 'wrong-key');
  });

  it('is refused under strict and warned of under permissive without a signature, or an SBOM (ORCH-3067)', async () => {
    await expectRefused({ ...(await published()), bundle: undefined }, 'unsigned');
    await expectRefused({ ...(await published()), sbom: undefined }, 'missing-sbom');
  });

  it('is refused under strict and warned of under permissive with a file that nobody signed', async () => {
    const delivery = await published();
    appendFileSync(join(folder, 'onnx/extra.gguf'), 'more');
    await expectRefused(delivery, 'unsigned-extra-file');
  });

  it('is refused under strict and warned of under permissive when a signed file is gone', async () => {
    const delivery = await published();
    rmSync(join(folder, 'config.json'));
    await expectRefused(delivery, 'missing-signed-file');
  });

  it('is refused under strict and warned of under permissive with a certificate that has ended (ORCH-3063)', async () => {
    await expectRefused(await published(signWithCertificate(filesToSign(folder), expired)), 'expired-certificate');
  });
});
