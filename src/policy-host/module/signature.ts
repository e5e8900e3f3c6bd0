import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { z } from 'zod';
import { PolicyError } from '../policy-error.js';
import { digestOf } from './prepare.js';

const ALGORITHM = 'ed25519';
/** Sets a signature of a policy apart from anything else that the same key may sign. */
const CONTEXT = 'llama-orch policy signature 1';
const KEY_ID_LENGTH = 16;
const PEM_BLOCK = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g;

/** The file `<module>.sig`. */
export interface SignatureFile {
  readonly algo: 'ed25519';
  /** First 16 hex digits of the SHA-256 of the public key (SPKI, DER). */
  readonly key_id: string;
  /** `sha256:<hex>` of the module. */
  readonly digest: string;
  /** Base64, over the digest and the time of signing. */
  readonly signature: string;
  /** RFC 3339, as the signer says. */
  readonly signed_at?: string | undefined;
}

/** Who signed, once it is proven. */
export interface Signer {
  readonly keyId: string;
  readonly signedAt: string | undefined;
}

const schema = z.strictObject({
  algo: z.literal(ALGORITHM),
  key_id: z.string().regex(/^[0-9a-f]{16}$/),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  signature: z.base64(),
  signed_at: z.iso.datetime({ offset: true }).optional(),
});

/** A new key pair as PEM (PKCS #8 and SPKI), and its id. */
export function generateKeys(): { readonly privateKey: string; readonly publicKey: string; readonly keyId: string } {
  const { privateKey, publicKey } = generateKeyPairSync(ALGORITHM);
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    keyId: idOf(publicKey),
  };
}

/** The id of a public key in PEM. Anything else than an Ed25519 key is `POLICY_SIGNATURE`. */
export function keyIdOf(publicKeyPem: string): string {
  return idOf(publicKeyOf(publicKeyPem));
}

/** The public keys of a keyring file: PEM blocks, and any text between them. */
export function readKeyring(text: string): string[] {
  return text.match(PEM_BLOCK) ?? [];
}

/** Signs a module; the answer is the content of its signature file. */
export function signModule(bytes: Uint8Array, privateKeyPem: string, signedAt?: string): SignatureFile {
  const key = privateKeyOf(privateKeyPem);
  const digest = digestOf(bytes);
  return {
    algo: ALGORITHM,
    key_id: idOf(createPublicKey(key)),
    digest,
    signature: sign(null, messageOf(digest, signedAt), key).toString('base64'),
    ...(signedAt !== undefined && { signed_at: signedAt }),
  };
}

/**
 * Checks a signature file against a module and the keys that the operator trusts. `POLICY_SIGNATURE` when there is none
 * (undefined), when the key is not trusted, or when the signature belongs to other bytes.
 */
export function verifyModule(
  bytes: Uint8Array,
  signatureText: string | undefined,
  trustedPublicKeys: readonly string[],
): Signer {
  if (signatureText === undefined) throw refused('the module is not signed; sign it with a key that is trusted here');
  const file = parseSignature(signatureText);
  const digest = digestOf(bytes);
  if (file.digest !== digest) {
    throw refused(`the signature is for ${file.digest} and the module is ${digest}; sign the module as it is now`);
  }
  const keys = trustedPublicKeys.map(publicKeyOf).filter((key) => idOf(key) === file.key_id);
  if (keys.length === 0) throw refused(`the module is signed with the key ${file.key_id}, which is not trusted here`);
  const message = messageOf(digest, file.signed_at);
  const isGenuine = keys.some((key) => verify(null, message, key, Buffer.from(file.signature, 'base64')));
  if (!isGenuine) throw refused(`the signature does not fit the key ${file.key_id}; sign the module again`);
  return { keyId: file.key_id, signedAt: file.signed_at };
}

/** Reads the content of a signature file; anything malformed is `POLICY_SIGNATURE`. */
export function parseSignature(text: string): SignatureFile {
  const parsed = schema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const member = parsed.error.issues[0]?.path.join('.') ?? '';
  throw refused(`the signature file is malformed${member === '' ? '' : ` at ${member}`}; sign the module again`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function messageOf(digest: string, signedAt: string | undefined): Buffer {
  return Buffer.from(`${CONTEXT}\n${digest}\n${signedAt ?? ''}\n`);
}

function publicKeyOf(pem: string): KeyObject {
  return ed25519(() => createPublicKey(pem), 'a trusted public key');
}

function privateKeyOf(pem: string): KeyObject {
  return ed25519(() => createPrivateKey(pem), 'the private key');
}

function ed25519(read: () => KeyObject, what: string): KeyObject {
  const key = attempt(read);
  if (key === undefined) throw refused(`${what} is not PEM that can be read`);
  const type = key.asymmetricKeyType ?? 'of an unknown kind';
  if (type !== ALGORITHM) throw refused(`${what} is ${type}; ${ALGORITHM} is needed`);
  return key;
}

/** The reason of a parser could hold parts of a key, so it is left out. */
function attempt(read: () => KeyObject): KeyObject | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function idOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('hex').slice(0, KEY_ID_LENGTH);
}

function refused(message: string): PolicyError {
  return new PolicyError('POLICY_SIGNATURE', message);
}
