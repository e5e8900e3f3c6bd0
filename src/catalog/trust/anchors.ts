import { createHash, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readSigstoreRoot, type SigstoreRoot } from './signature/sigstore-root.js';

/** Who may sign keylessly: both have to be as they are in the certificate. */
export interface SignerIdentity {
  /** E-mail address or URI of the signer. */
  readonly identity: string;
  /** URL of the OpenID Connect provider that vouched for it. */
  readonly issuer: string;
}

/** What signatures may lead to. */
export interface TrustAnchors {
  /** ECDSA on P-256, P-384 or P-521. */
  readonly keys: readonly KeyObject[];
  readonly certificates: readonly X509Certificate[];
  /** Of Sigstore instances. */
  readonly sigstoreRoots: readonly SigstoreRoot[];
  readonly identities: readonly SignerIdentity[];
}

export const NO_ANCHORS: TrustAnchors = { keys: [], certificates: [], sigstoreRoots: [], identities: [] };

const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];
const PEM_BLOCK = /-----BEGIN (PUBLIC KEY|CERTIFICATE)-----[^-]+-----END \1-----/g;
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * The anchors of files with PEM blocks (public keys, certificates) or with a `trusted_root.json`.
 *
 * @throws Error that names the file and what is wrong with it
 */
export function readAnchors(
  files: readonly { readonly name: string; readonly text: string }[],
  identities: readonly SignerIdentity[] = [],
): TrustAnchors {
  const each = files.map(({ name, text }) => anchorsOf(name, text));
  return {
    keys: each.flatMap(({ keys }) => keys),
    certificates: each.flatMap(({ certificates }) => certificates),
    sigstoreRoots: each.flatMap(({ sigstoreRoots }) => sigstoreRoots),
    identities,
  };
}

/**
 * The anchors among these that an entry names, as PEM text. An entry narrows whom the operator trusts and adds nobody: what
 * only the entry names counts for nothing. Naming none leaves all.
 */
export function narrowedAnchors(anchors: TrustAnchors, pemTexts: readonly string[]): TrustAnchors {
  if (pemTexts.length === 0) return anchors;
  const named = readAnchors(pemTexts.map((text, at) => ({ name: `/trust_policy/ca_roots/${at}`, text })));
  const wanted = new Set([...named.keys.map(keyFingerprint), ...named.certificates.map(certificateFingerprint)]);
  return {
    ...NO_ANCHORS,
    keys: anchors.keys.filter((key) => wanted.has(keyFingerprint(key))),
    certificates: anchors.certificates.filter((certificate) => wanted.has(certificateFingerprint(certificate))),
  };
}

/** SHA-256 of a public key in its DER form, in hex. */
export function keyFingerprint(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** Curve of a key that signatures may be made with; undefined for any other key. */
export function curveOf(key: KeyObject): string | undefined {
  const curve = key.asymmetricKeyType === 'ec' ? key.asymmetricKeyDetails?.namedCurve : undefined;
  return curve !== undefined && CURVES.includes(curve) ? curve : undefined;
}

const certificateFingerprint = (certificate: X509Certificate): string => `certificate ${certificate.fingerprint256}`;

function anchorsOf(name: string, text: string): TrustAnchors {
  if (text.length > MAX_BYTES) throw new Error(`${name} is larger than ${MAX_BYTES} bytes`);
  if (/^\s*\{/.test(text)) return { ...NO_ANCHORS, sigstoreRoots: [rootOf(name, text)] };
  const blocks = [...text.matchAll(PEM_BLOCK)];
  if (blocks.length === 0)
    throw new Error(`${name} holds no public key or certificate in PEM and no trusted_root.json of Sigstore`);
  return {
    ...NO_ANCHORS,
    keys: blocks.filter(([, kind]) => kind === 'PUBLIC KEY').map(([pem]) => keyOf(name, pem)),
    certificates: blocks.filter(([, kind]) => kind === 'CERTIFICATE').map(([pem]) => certificateOf(name, pem)),
  };
}

function rootOf(name: string, text: string): SigstoreRoot {
  const root = readSigstoreRoot(readable(name, () => JSON.parse(text) as unknown));
  if (root === undefined) throw new Error(`${name} is no trusted_root.json of Sigstore that can be read`);
  return root;
}

function keyOf(name: string, pem: string): KeyObject {
  const key = readable(name, () => createPublicKey(pem));
  if (curveOf(key) === undefined) throw new Error(`${name} holds a key that is not ECDSA on P-256, P-384 or P-521`);
  return key;
}

const certificateOf = (name: string, pem: string): X509Certificate => readable(name, () => new X509Certificate(pem));

/** The reason of a parser could hold parts of the file, so it is left out. */
function readable<Value>(name: string, read: () => Value): Value {
  const value = attempt(read);
  if (value === undefined) throw new Error(`${name} cannot be read as what it seems to be`);
  return value;
}

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
