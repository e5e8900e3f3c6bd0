import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const FORM = /^hmac-sha256:([0-9a-f]{32}):([0-9a-f]{64})$/;

/** A new key text `lorch_<id>_<secret>`; shown once, never stored. */
export function newKey(id: string): string {
  return `lorch_${id}_${randomBytes(24).toString('base64url')}`;
}

/** The id inside a key text, or undefined when it has another form. */
export function keyIdOf(key: string): string | undefined {
  return /^lorch_([a-z0-9][a-z0-9-]{0,62})_[A-Za-z0-9_-]{16,}$/.exec(key)?.[1];
}

/** What the config stores of a key: `hmac-sha256:<salt>:<digest>`, both in hex. */
export function hashKey(key: string, salt: Buffer = randomBytes(16)): string {
  return `hmac-sha256:${salt.toString('hex')}:${digest(key, salt).toString('hex')}`;
}

/** True when the hash has the form that `hashKey` writes. */
export function isKeyHash(text: string): boolean {
  return FORM.test(text);
}

/** Compares in constant time. A hash of another form matches nothing. */
export function keyMatches(key: string, hash: string): boolean {
  const [, salt, expected] = FORM.exec(hash) ?? [];
  if (salt === undefined || expected === undefined) return false;
  return timingSafeEqual(digest(key, Buffer.from(salt, 'hex')), Buffer.from(expected, 'hex'));
}

function digest(key: string, salt: Buffer): Buffer {
  return createHmac('sha256', salt).update(key).digest();
}
