import { X509Certificate } from 'node:crypto';
import { type Holder, issue, SERVER_AUTHENTICATION } from '../../../../test/support/certificates.js';
import { sha256, signWithCertificate } from '../../../../test/support/model-signer.js';
import { NO_ANCHORS } from '../anchors.js';
import { checkSignature } from './check-signature.js';

const NOW = Date.parse('2030-01-01');
const SIGNED = [{ name: 'model.gguf', digest: sha256('weights') }];
const MODEL = [{ path: 'model.gguf', digest: `sha256:${sha256('weights')}`, sizeBytes: 7 }];

const root = issue({ name: 'root', isAuthority: true, curve: 'P-384' });
const middle = issue({ name: 'middle', issuer: root, isAuthority: true, pathLength: 0 });
const signer = issue({ name: 'signer', issuer: middle });

const certificateOf = ({ pem }: Holder) => new X509Certificate(pem);

function check(by: Holder, others: readonly Holder[], trusted: readonly Holder[] = [root], nowMs = NOW) {
  const anchors = { ...NO_ANCHORS, certificates: trusted.map(certificateOf) };
  return checkSignature(JSON.stringify(signWithCertificate(SIGNED, by, others)), { files: MODEL, anchors, nowMs });
}

const refusal = (code: string) => ({ verified: false, reason: { code } });

describe('a signature with a certificate', () => {
  it('holds when a chain leads to a trusted authority, and names the signer (ORCH-3063)', async () => {
    expect(await check(signer, [middle])).toMatchObject({ verified: true, method: 'certificate', signer: 'CN=signer' });
    expect(await check(signer, [root, middle])).toMatchObject({ verified: true });
  });

  it('holds when the authority in the middle is trusted, or the certificate itself', async () => {
    expect(await check(signer, [], [middle])).toMatchObject({ verified: true });
    const alone = issue({ name: 'alone' });
    expect(await check(alone, [], [alone])).toMatchObject({ verified: true });
  });

  it('is refused when no trusted authority stands behind it (ORCH-3063)', async () => {
    const stranger = issue({ name: 'root', isAuthority: true });
    expect(await check(signer, [middle], [stranger])).toMatchObject(refusal('untrusted-certificate'));
    expect(await check(signer, [], [root])).toMatchObject(refusal('untrusted-certificate'));
    expect(await check(signer, [middle], [])).toMatchObject(refusal('no-trust-anchor'));
  });

  it('does not take the root that the bundle brings along for a trusted one', async () => {
    const ownRoot = issue({ name: 'root', isAuthority: true });
    const own = issue({ name: 'signer', issuer: ownRoot });
    expect(await check(own, [ownRoot])).toMatchObject(refusal('untrusted-certificate'));
  });

  it('is refused before and after its time, each for its own reason', async () => {
    const late = issue({ name: 'late', issuer: root, until: new Date('2029-12-31') });
    const early = issue({ name: 'early', issuer: root, from: new Date('2030-01-02') });
    expect(await check(late, [])).toMatchObject(refusal('expired-certificate'));
    expect(await check(early, [])).toMatchObject(refusal('certificate-not-yet-valid'));
    expect(await check(signer, [middle], [root], Date.parse('2041-01-01'))).toMatchObject(
      refusal('expired-certificate'),
    );
  });

  it('is refused when an authority on the way has ended', async () => {
    const ended = issue({ name: 'ended', issuer: root, isAuthority: true, until: new Date('2029-01-01') });
    const below = issue({ name: 'below', issuer: ended });
    expect(await check(below, [ended])).toMatchObject(refusal('expired-certificate'));
  });

  it('holds when an authority was renewed, though its old certificate is trusted too', async () => {
    const old = issue({ name: 'renewed', isAuthority: true, until: new Date('2029-01-01') });
    const renewed = issue({ name: 'renewed', isAuthority: true, renews: old });
    const below = issue({ name: 'below', issuer: old });
    expect(await check(below, [], [old])).toMatchObject(refusal('expired-certificate'));
    expect(await check(below, [], [old, renewed])).toMatchObject({ verified: true });
  });

  it.each([
    ['for servers', { extendedUsages: [SERVER_AUTHENTICATION] }],
    ['for nothing in particular', { extendedUsages: [] }],
    ['not for signatures', { keyUsage: 0x20 }],
    ['under a condition that is not understood', { oddity: '1.2.3.4' }],
  ])('is refused with a certificate that is %s', async (_, order) => {
    const unfit = issue({ name: 'unfit', issuer: root, ...order });
    expect(await check(unfit, [])).toMatchObject(refusal('unsuitable-certificate'));
  });

  it('needs authorities that may issue, as deep as they may', async () => {
    const notAuthority = issue({ name: 'no authority', issuer: root });
    const posing = issue({ name: 'posing', issuer: root, keyUsage: 0x84 });
    const deeper = issue({ name: 'deeper', issuer: middle, isAuthority: true });
    const forged = issue({ name: 'forged', issuer: root, isAuthority: true, keyUsage: 0x80 });
    const odd = issue({ name: 'odd', issuer: root, isAuthority: true, oddity: '1.2.3.4' });
    for (const [issuer, others] of [
      [notAuthority, [notAuthority]],
      [posing, [posing]],
      [deeper, [deeper, middle]],
      [forged, [forged]],
      [odd, [odd]],
    ] as const) {
      const below = issue({ name: 'below', issuer });
      expect(await check(below, others)).toMatchObject(refusal('untrusted-certificate'));
    }
  });

  it('needs signatures on its certificates that cannot be forged', async () => {
    const weak = issue({ name: 'weak', issuer: root, isWeak: true });
    expect(await check(weak, [])).toMatchObject(refusal('untrusted-certificate'));
    const weakMiddle = issue({ name: 'weak middle', issuer: root, isAuthority: true, isWeak: true });
    const below = issue({ name: 'below', issuer: weakMiddle });
    expect(await check(below, [weakMiddle])).toMatchObject(refusal('untrusted-certificate'));
    expect(await check(below, [], [weakMiddle])).toMatchObject({ verified: true });
  });

  it('is refused when another key made it than that of the certificate', async () => {
    const other = { ...signer, privateKey: middle.privateKey };
    expect(await check(other, [middle])).toMatchObject(refusal('bad-signature'));
  });

  it('ends soon when certificates issue each other in circles', async () => {
    const crowd = Array.from({ length: 9 }, () => issue({ name: 'crowd', isAuthority: true }));
    const lost = issue({ name: 'lost', issuer: crowd[0]! });
    expect(await check(lost, crowd)).toMatchObject(refusal('untrusted-certificate'));
  });

  it('is refused when a certificate is no certificate', async () => {
    const broken = { ...signer, certificate: signer.certificate.subarray(0, 60) };
    expect(await check(broken, [middle])).toMatchObject(refusal('malformed-bundle'));
  });
});
