import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

export type Curve = 'P-256' | 'P-384' | 'P-521';

/** Somebody who has a key and a certificate for it. */
export interface Holder {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** DER. */
  readonly certificate: Buffer;
  readonly pem: string;
}

export interface CertificateOrder {
  readonly name: string;
  /** Who signs it; undefined: itself. */
  readonly issuer?: Holder;
  /** true: it may issue others. */
  readonly isAuthority?: boolean;
  /** How many authorities may follow below it. */
  readonly pathLength?: number;
  readonly from?: Date;
  readonly until?: Date;
  /** Undefined: for signing code, unless it is an authority; empty: the extension is left out. */
  readonly extendedUsages?: readonly string[];
  /** Bits of the key usage. Default: 0x80, signatures; 0x04, certificates, for an authority. */
  readonly keyUsage?: number;
  /** OID of a critical extension that nobody knows. */
  readonly oddity?: string;
  readonly curve?: Curve;
  /** Whose key it is for, when an old certificate is renewed. Default: a new one. */
  readonly renews?: Holder;
  /** true: its issuer signs over SHA-1. */
  readonly isWeak?: boolean;
}

export const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
export const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1';

const HASH: Readonly<Record<string, string>> = { prime256v1: 'sha256', secp384r1: 'sha384', secp521r1: 'sha512' };
const SIGNATURE_OID: Readonly<Record<string, string>> = {
  prime256v1: '1.2.840.10045.4.3.2',
  secp384r1: '1.2.840.10045.4.3.3',
  secp521r1: '1.2.840.10045.4.3.4',
};
const WEAK_OID = '1.2.840.10045.4.1';
const CODES: Readonly<Record<Curve, string>> = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' };

/** A new pair of keys. */
export function newKeys(curve: Curve = 'P-256'): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: CODES[curve] });
}

/** An X.509 certificate as ordered, for a new key unless it renews another one. */
export function issue(order: CertificateOrder): Holder {
  const { privateKey, publicKey } = order.renews ?? newKeys(order.curve);
  const issuerKey = order.issuer?.privateKey ?? privateKey;
  const algorithm = sequence(oid(order.isWeak ? WEAK_OID : (SIGNATURE_OID[curveOf(issuerKey)] as string)));
  const content = sequence(
    tagged(0xa0, integer(2)),
    element(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(8)])),
    algorithm,
    distinguishedName(order.issuer?.name ?? order.name),
    sequence(time(order.from ?? new Date('2020-01-01')), time(order.until ?? new Date('2040-01-01'))),
    distinguishedName(order.name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensionsOf(order))),
  );
  const signature = sign(order.isWeak ? 'sha1' : HASH[curveOf(issuerKey)], content, issuerKey);
  const certificate = sequence(content, algorithm, bitString(0, signature));
  return { name: order.name, privateKey, publicKey, certificate, pem: pemOf(certificate) };
}

function extensionsOf(order: CertificateOrder): Buffer[] {
  const { isAuthority = false, pathLength, oddity } = order;
  const usages = order.extendedUsages ?? (isAuthority ? [] : [CODE_SIGNING]);
  const limits = pathLength === undefined ? [] : [integer(pathLength)];
  const basic = sequence(...(isAuthority ? [element(0x01, Buffer.from([0xff])), ...limits] : []));
  const keyUsage = order.keyUsage ?? (isAuthority ? 0x04 : 0x80);
  return [
    extension('2.5.29.19', basic, true),
    extension('2.5.29.15', bitString(0, Buffer.from([keyUsage])), true),
    ...(usages.length === 0 ? [] : [extension('2.5.29.37', sequence(...usages.map(oid)), false)]),
    ...(oddity === undefined ? [] : [extension(oddity, sequence(), true)]),
  ];
}

const extension = (id: string, value: Buffer, isCritical: boolean): Buffer =>
  sequence(oid(id), ...(isCritical ? [element(0x01, Buffer.from([0xff]))] : []), element(0x04, value));

const curveOf = (key: KeyObject): string => key.asymmetricKeyDetails?.namedCurve as string;

const pemOf = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;

const distinguishedName = (name: string): Buffer =>
  sequence(element(0x31, sequence(oid('2.5.4.3'), element(0x0c, Buffer.from(name)))));

/** GeneralizedTime, whatever the year: readers take it as well as the short form. */
const time = (at: Date): Buffer =>
  element(0x18, Buffer.from(`${at.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`));

const integer = (value: number): Buffer => element(0x02, Buffer.from([value]));

const bitString = (unused: number, bytes: Buffer): Buffer =>
  element(0x03, Buffer.concat([Buffer.from([unused]), bytes]));

const tagged = (tag: number, content: Buffer): Buffer => element(tag, content);

const sequence = (...parts: readonly Buffer[]): Buffer => element(0x30, Buffer.concat(parts));

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...others] = text.split('.').map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...others].flatMap(base128)));
}

function base128(arc: number): number[] {
  const digits = [arc & 0x7f];
  for (let rest = arc >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
