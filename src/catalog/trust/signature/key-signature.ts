import { createHash, type KeyObject } from 'node:crypto';
import { keyFingerprint } from '../anchors.js';
import { Distrust } from '../reasons.js';
import { type SignatureMaterial, type SignedBundle } from './bundle.js';
import { isSignedBy } from './envelope.js';

type KeyMaterial = Extract<SignatureMaterial, { type: 'key' }>;

/** The trusted key that made the signature. @throws Distrust */
export function signingKey(bundle: SignedBundle, material: KeyMaterial, trusted: readonly KeyObject[]): KeyObject {
  if (trusted.length === 0)
    throw new Distrust('no-trust-anchor', 'the model is signed with a key and none is trusted; name it in ca_roots');
  const key = trusted.find((candidate) => isSignedBy(candidate, bundle));
  if (key !== undefined) return key;
  const claimed = trusted.find((candidate) => isClaimed(candidate, material));
  if (claimed === undefined)
    throw new Distrust('wrong-key', 'the model is signed with a key that is not trusted; name it in ca_roots');
  const id = keyFingerprint(claimed).slice(0, 16);
  throw new Distrust('bad-signature', `the signature does not fit the key ${id} that it names; sign the model again`);
}

/** Whether a bundle says that this key signed it: some tools sum up its PEM text, some its DER form. */
function isClaimed(key: KeyObject, { keyFingerprint: claim, keyPem }: KeyMaterial): boolean {
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  if (keyPem !== undefined) return keyPem.trim() === pem.trim();
  return claim === createHash('sha256').update(pem).digest('hex') || claim === keyFingerprint(key);
}
