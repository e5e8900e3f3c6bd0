import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

/** A key and its certificate, PEM. */
export interface Certificate {
  readonly name: string;
  readonly key: string;
  readonly cert: string;
}

const TAG = { integer: 2, bits: 3, octets: 4, oid: 6, utf8: 12, time: 23, sequence: 0x30, set: 0x31 } as const;
const OID = {
  commonName: '550403',
  ecdsaSha256: '2a8648ce3d040302',
  altName: '551d11',
  basicConstraints: '551d13',
  keyUsage: '551d0f',
} as const;
const [DNS_NAME, ADDRESS] = [0x82, 0x87];
const FROM = '250101000000Z';
const UNTIL = '491231235959Z';

/** A certificate for tests of TLS; without an issuer it is an authority of its own. */
export function newCertificate({
  name,
  issuer,
}: {
  readonly name: string;
  readonly issuer?: Certificate;
}): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = issuer === undefined ? privateKey : createPrivateKey(issuer.key);
  const toBeSigned = body(name, issuer?.name ?? name, publicKey, issuer === undefined);
  const signature = der(TAG.bits, Buffer.of(0), sign('sha256', toBeSigned, signer));
  const cert = der(TAG.sequence, toBeSigned, algorithm(), signature);
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { name, key, cert: `-----BEGIN CERTIFICATE-----\n${cert.toString('base64')}\n-----END CERTIFICATE-----\n` };
}

function body(subject: string, issuer: string, key: KeyObject, isAuthority: boolean): Buffer {
  const version = der(0xa0, der(TAG.integer, Buffer.of(2)));
  const serial = der(TAG.integer, Buffer.concat([Buffer.of(1), randomBytes(8)]));
  const time = der(TAG.sequence, der(TAG.time, Buffer.from(FROM)), der(TAG.time, Buffer.from(UNTIL)));
  const spki = key.export({ type: 'spki', format: 'der' });
  const extensions = der(0xa3, der(TAG.sequence, ...(isAuthority ? ofAuthority() : [altName(subject)])));
  return der(TAG.sequence, version, serial, algorithm(), named(issuer), time, named(subject), spki, extensions);
}

function ofAuthority(): Buffer[] {
  const isAuthority = der(TAG.sequence, Buffer.of(1, 1, 0xff));
  const mayCertify = der(TAG.bits, Buffer.of(2, 4));
  return [extension(OID.basicConstraints, isAuthority), extension(OID.keyUsage, mayCertify)];
}

function altName(name: string): Buffer {
  const entry =
    isIP(name) === 4 ? der(ADDRESS, Buffer.from(name.split('.').map(Number))) : der(DNS_NAME, Buffer.from(name));
  return extension(OID.altName, der(TAG.sequence, entry));
}

function extension(id: string, value: Buffer): Buffer {
  return der(TAG.sequence, oid(id), der(TAG.octets, value));
}

function named(name: string): Buffer {
  return der(TAG.sequence, der(TAG.set, der(TAG.sequence, oid(OID.commonName), der(TAG.utf8, Buffer.from(name)))));
}

function algorithm(): Buffer {
  return der(TAG.sequence, oid(OID.ecdsaSha256));
}

function oid(hex: string): Buffer {
  return der(TAG.oid, Buffer.from(hex, 'hex'));
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), lengthOf(value.length), value]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  return length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff);
}
