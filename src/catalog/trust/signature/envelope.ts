import { verify, type KeyObject } from 'node:crypto';
import { curveOf } from '../anchors.js';
import { type SignedBundle } from './bundle.js';
import { isOldLayout, oldEncoding } from './old-encoding.js';

export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** The hash that goes with a curve. */
const HASHES: Readonly<Record<string, string>> = { prime256v1: 'sha256', secp384r1: 'sha384', secp521r1: 'sha512' };
const NAMES: Readonly<Record<string, string>> = { prime256v1: 'p256', secp384r1: 'p384', secp521r1: 'p521' };

/** What a DSSE signature is made over: the type and the payload, each with its length in bytes. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** True when a key made the signature of an envelope. */
export function isSignedBy(key: KeyObject, { payloadType, payload, signature }: SignedBundle): boolean {
  const hash = HASHES[curveOf(key) ?? ''];
  if (hash === undefined) return false;
  if (isGenuine(hash, preAuthEncoding(payloadType, payload), key, signature)) return true;
  // That version took SHA-256 whatever the curve.
  return isOldLayout(payload) && isGenuine('sha256', oldEncoding(payloadType, payload), key, signature);
}

/** Such as `ecdsa-p384-sha384`. */
export function algorithmOf(key: KeyObject): string {
  const curve = curveOf(key) ?? '';
  return `ecdsa-${NAMES[curve]}-${HASHES[curve]}`;
}

/** What is no signature at all is none of this key. */
function isGenuine(hash: string, message: Buffer, key: KeyObject, signature: Buffer): boolean {
  try {
    return verify(hash, message, key, signature);
  } catch {
    return false;
  }
}
