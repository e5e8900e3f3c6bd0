import { createHash, sign, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Holder } from './certificates.js';

/** A file as it goes into a signature. */
export interface Signed {
  readonly name: string;
  /** Hex. */
  readonly digest: string;
}

/** Lies and oddities of a signature that a test needs. */
export interface SigningFaults {
  readonly payloadType?: string;
  readonly statementType?: string;
  readonly predicateType?: string;
  readonly method?: string;
  readonly hashType?: string;
  readonly ignorePaths?: readonly string[];
  /** In place of the statement over the files. */
  readonly statement?: unknown;
  /** Hex; in place of the digest over all digests. */
  readonly rootDigest?: string;
  readonly mediaType?: string;
  /** How often the signature stands in the envelope. */
  readonly signatures?: number;
  /** Text that the signature is made over, in place of the encoding of the payload. */
  readonly message?: (payloadType: string, payload: Buffer) => Buffer;
  /** What the payload becomes after it is signed. */
  readonly tampered?: (payload: Buffer) => Buffer;
}

export interface Bundle {
  readonly mediaType: string;
  readonly verificationMaterial: Readonly<Record<string, unknown>>;
  readonly dsseEnvelope: Readonly<Record<string, unknown>>;
}

const HASH: Readonly<Record<string, string>> = { prime256v1: 'sha256', secp384r1: 'sha384', secp521r1: 'sha512' };
const IGNORED = ['.git', '.gitignore', '.gitattributes', '.github'];

/** The files of a folder as the reference tool signs them. */
export function filesToSign(folder: string): readonly Signed[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ name: path.slice(folder.length + 1), digest: sha256(readFileSync(path)) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Signs files with a key; the answer is the content of the bundle file. */
export function signWithKey(
  files: readonly Signed[],
  keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  faults: SigningFaults = {},
): Bundle {
  const pem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return bundleOf({ publicKey: { hint: sha256(pem) }, tlogEntries: [] }, files, keys.privateKey, faults);
}

/** Signs files with a certificate; the others stand between it and whoever is trusted. */
export function signWithCertificate(
  files: readonly Signed[],
  signer: Holder,
  others: readonly Holder[] = [],
  faults: SigningFaults = {},
): Bundle {
  const certificates = [signer, ...others].map(({ certificate }) => ({ rawBytes: certificate.toString('base64') }));
  return bundleOf({ x509CertificateChain: { certificates }, tlogEntries: [] }, files, signer.privateKey, faults);
}

function bundleOf(
  verificationMaterial: Bundle['verificationMaterial'],
  files: readonly Signed[],
  key: KeyObject,
  faults: SigningFaults,
): Bundle {
  const { payloadType = 'application/vnd.in-toto+json', message = encodingOf } = faults;
  const payload = Buffer.from(JSON.stringify(faults.statement ?? statementOf(files, faults), null, 2));
  const made = sign(HASH[key.asymmetricKeyDetails?.namedCurve as string], message(payloadType, payload), key);
  const signature = { sig: made.toString('base64'), keyid: '' };
  return {
    mediaType: faults.mediaType ?? 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial,
    dsseEnvelope: {
      payload: (faults.tampered?.(payload) ?? payload).toString('base64'),
      payloadType,
      signatures: Array.from({ length: faults.signatures ?? 1 }, () => signature),
    },
  };
}

function statementOf(files: readonly Signed[], faults: SigningFaults) {
  const { hashType = 'sha256', method = 'files', ignorePaths = IGNORED } = faults;
  const resources = files.map(({ name, digest }) => ({ algorithm: hashType, digest, name }));
  const root = sha256(Buffer.concat(files.map(({ digest }) => Buffer.from(digest, 'hex'))));
  return {
    _type: faults.statementType ?? 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'model', digest: { sha256: faults.rootDigest ?? root } }],
    predicateType: faults.predicateType ?? 'https://model_signing/signature/v1.0',
    predicate: {
      serialization: { method, hash_type: hashType, allow_symlinks: false, ignore_paths: ignorePaths },
      resources,
    },
  };
}

/** The encoding of DSSE: `DSSEv1`, then type and payload, each after its length. */
export function encodingOf(payloadType: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload]);
}

export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
