import { X509Certificate } from 'node:crypto';
import { curveOf } from '../anchors.js';
import { Distrust } from '../reasons.js';
import { extensionsOf, type CertificateExtensions } from './certificate-extensions.js';
import { DerError } from './der.js';

const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
/** RSA (PKCS #1 with SHA-2, PSS), ECDSA with SHA-2, Ed25519. What is signed over MD5 or SHA-1 can be forged. */
const SOUND_SIGNATURES = [
  ...['1.2.840.113549.1.1.10', '1.2.840.113549.1.1.11', '1.2.840.113549.1.1.12', '1.2.840.113549.1.1.13'],
  ...['1.2.840.10045.4.3.2', '1.2.840.10045.4.3.3', '1.2.840.10045.4.3.4', '1.3.101.112'],
];
const MAX_LENGTH = 8;
/** Paths that are tried, so that crossed certificates cost no more than this. */
const MAX_TRIES = 64;

/**
 * The certificate of a signer, once it is proven: a chain of signatures leads from it to a trusted one, each certificate
 * may do what it does there, all are valid now, and the signer's own is for signing code.
 *
 * @param chain DER; the signer's own first
 * @throws Distrust
 */
export function provenSigner(
  chain: readonly Buffer[],
  trusted: readonly X509Certificate[],
  nowMs: number,
): X509Certificate {
  if (trusted.length === 0)
    throw new Distrust(
      'no-trust-anchor',
      'the model is signed with a certificate and none is trusted; name its authority in ca_roots',
    );
  const [signer, ...others] = chain.map(certificateOf);
  if (signer === undefined) throw unreadable();
  const path = pathTo(validFirst(trusted, nowMs), signer, validFirst(others, nowMs));
  if (path === undefined)
    throw new Distrust(
      'untrusted-certificate',
      'no trusted authority stands behind the certificate of the signer; name the authority in ca_roots',
    );
  for (const certificate of path) requireValidNow(certificate, nowMs);
  requireCodeSigning(signer);
  return signer;
}

function certificateOf(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw unreadable();
  }
}

/** From the signer to a trusted certificate, both included. Certificates of the bundle are steps and never the end. */
function pathTo(
  trusted: readonly X509Certificate[],
  signer: X509Certificate,
  others: readonly X509Certificate[],
): readonly X509Certificate[] | undefined {
  // A certificate that the operator names itself needs nobody above it.
  if (trusted.some(({ raw }) => raw.equals(signer.raw))) return [signer];
  let tries = 0;
  const extend = (path: readonly X509Certificate[]): readonly X509Certificate[] | undefined => {
    tries += 1;
    const last = path.at(-1) as X509Certificate;
    if (path.length >= MAX_LENGTH || tries > MAX_TRIES) return undefined;
    const end = trusted.find((authority) => mayIssue(authority, last, path.length - 1));
    if (end !== undefined) return [...path, end];
    for (const step of others) {
      if (path.some((used) => used.raw.equals(step.raw)) || !mayIssue(step, last, path.length - 1)) continue;
      const whole = extend([...path, step]);
      if (whole !== undefined) return whole;
    }
    return undefined;
  };
  return extend([signer]);
}

/** @param below authorities between the issuer and the signer */
function mayIssue(issuer: X509Certificate, subject: X509Certificate, below: number): boolean {
  if (!issuer.ca || !subject.checkIssued(issuer) || !isSignedBy(subject, issuer)) return false;
  if (!SOUND_SIGNATURES.includes(readExtensions(subject).signedWith)) return false;
  const { pathLength, unknownCritical } = readExtensions(issuer);
  return unknownCritical.length === 0 && (pathLength === undefined || below <= pathLength);
}

function isSignedBy(subject: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return subject.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

/** An authority that was renewed has two certificates for one key; the ended one must not stand in the way. */
function validFirst(certificates: readonly X509Certificate[], nowMs: number): readonly X509Certificate[] {
  const isValid = ({ validFromDate, validToDate }: X509Certificate) =>
    validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime();
  return [...certificates.filter(isValid), ...certificates.filter((certificate) => !isValid(certificate))];
}

function requireValidNow(certificate: X509Certificate, nowMs: number): void {
  if (nowMs > certificate.validToDate.getTime())
    throw new Distrust(
      'expired-certificate',
      `a certificate of the signer ended at ${certificate.validToDate.toISOString()}; sign the model again with a valid one`,
    );
  if (nowMs < certificate.validFromDate.getTime())
    throw new Distrust(
      'certificate-not-yet-valid',
      `a certificate of the signer begins at ${certificate.validFromDate.toISOString()}; check the clock, or wait`,
    );
}

function requireCodeSigning(signer: X509Certificate): void {
  const { digitalSignature, extendedUsages = [], unknownCritical } = readExtensions(signer);
  const isForCode = extendedUsages.includes(CODE_SIGNING) && digitalSignature !== false;
  if (isForCode && unknownCritical.length === 0 && curveOf(signer.publicKey) !== undefined) return;
  throw new Distrust(
    'unsuitable-certificate',
    'the certificate of the signer is not for signing code; sign with an ECDSA key (P-256, P-384, P-521) and this extended key usage',
  );
}

function readExtensions(certificate: X509Certificate): CertificateExtensions {
  try {
    return extensionsOf(certificate);
  } catch (error) {
    if (error instanceof DerError) throw unreadable();
    throw error;
  }
}

const unreadable = (): Distrust =>
  new Distrust('malformed-bundle', 'a certificate of the bundle cannot be read; sign the model again');
