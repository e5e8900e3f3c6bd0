import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/** What the writer of the log holds. Whoever has them can write a log of his own that verifies. */
export interface AuditKeys extends ReaderKeys {
  readonly hashKey: KeyObject;
  readonly signingKey: KeyObject;
}

/** What a verifier holds; without the key of the hashes only what a checkpoint covers can be verified. */
export interface ReaderKeys {
  readonly hashKey: KeyObject | undefined;
  readonly publicKey: KeyObject;
}

/** The texts that keys are kept as. */
export interface KeyTexts {
  /** 64 hex digits. */
  readonly hashKey: string;
  /** PKCS 8, PEM. */
  readonly signingKey: string;
}

const HASH_KEY = /^[0-9a-f]{64}\s*$/;

export function newKeyTexts(): KeyTexts {
  const { privateKey } = generateKeyPairSync('ed25519');
  return {
    hashKey: `${randomBytes(32).toString('hex')}\n`,
    signingKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

/** @throws Error when a text is no key of its kind */
export function keysOf({ hashKey, signingKey }: KeyTexts): AuditKeys {
  if (!HASH_KEY.test(hashKey)) throw new Error('the key of the hashes must be 64 hex digits');
  const privateKey = createPrivateKey(signingKey);
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('the signing key must be an Ed25519 key');
  return {
    hashKey: createSecretKey(Buffer.from(hashKey.trim(), 'hex')),
    signingKey: privateKey,
    publicKey: createPublicKey(privateKey),
  };
}

/** @throws Error when the text is no public Ed25519 key */
export function publicKeyOf(pem: string): KeyObject {
  if (pem.includes('PRIVATE KEY')) throw new Error('this is a private key; the public one is wanted');
  const key = createPublicKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('the public key must be an Ed25519 key');
  return key;
}

export function publicPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }) as string;
}

/** `sha256:…` over the public key: its name in checkpoints. */
export function fingerprint(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(der).digest('hex')}`;
}
