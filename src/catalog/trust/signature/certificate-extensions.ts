import { type X509Certificate } from 'node:crypto';
import { DerError, elementsOf, EXTENSIONS_TAG, insideOf, oidText, TAG, type DerElement } from './der.js';

/** What a certificate allows, and how it is signed; not every version of Node tells. */
export interface CertificateExtensions {
  /** Certificates of authorities that may lie between this one and a signer's; undefined: any number. */
  readonly pathLength: number | undefined;
  /** undefined: the certificate does not say what its key is for. */
  readonly digitalSignature: boolean | undefined;
  /** OIDs of what the key may be used for; undefined: not said. */
  readonly extendedUsages: readonly string[] | undefined;
  /** OID of the kind of signature that its issuer put on it. */
  readonly signedWith: string;
  /** Critical extensions that are not understood here, as OIDs: such a certificate must not be used. */
  readonly unknownCritical: readonly string[];
}

const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';
const EXTENDED_KEY_USAGE = '2.5.29.37';
/** Names of the holder; they limit nothing. */
const ALTERNATIVE_NAME = '2.5.29.17';
const UNDERSTOOD = [BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, ALTERNATIVE_NAME];
const DIGITAL_SIGNATURE_BIT = 0x80;

interface Extension {
  readonly oid: string;
  readonly isCritical: boolean;
  readonly value: Buffer;
}

/** @throws DerError */
export function extensionsOf({ raw }: X509Certificate): CertificateExtensions {
  const [signedPart, algorithm] = insideOf(raw, TAG.sequence);
  const [kind] = elementsOf(algorithm?.content ?? Buffer.alloc(0));
  if (signedPart === undefined || kind?.tag !== TAG.oid) throw new DerError('a certificate is malformed');
  const extensions = listOf(signedPart);
  const valueOf = (wanted: string) => extensions.find(({ oid }) => oid === wanted)?.value;
  return {
    signedWith: oidText(kind.content),
    pathLength: mapped(valueOf(BASIC_CONSTRAINTS), pathLengthOf),
    digitalSignature: mapped(valueOf(KEY_USAGE), isForSignatures),
    extendedUsages: mapped(valueOf(EXTENDED_KEY_USAGE), usagesOf),
    unknownCritical: extensions.flatMap(({ oid, isCritical }) =>
      isCritical && !UNDERSTOOD.includes(oid) ? [oid] : [],
    ),
  };
}

function listOf({ content }: DerElement): Extension[] {
  const extensions = elementsOf(content).find(({ tag }) => tag === EXTENSIONS_TAG);
  return extensions === undefined ? [] : insideOf(extensions.content, TAG.sequence).map(extensionOf);
}

function extensionOf({ content }: DerElement): Extension {
  const [oid, ...rest] = elementsOf(content);
  const value = rest.at(-1);
  if (oid?.tag !== TAG.oid || value?.tag !== TAG.octetString) throw new DerError('an extension is malformed');
  return { oid: oidText(oid.content), isCritical: rest[0]?.tag === TAG.boolean, value: value.content };
}

function pathLengthOf(value: Buffer): number | undefined {
  const length = insideOf(value, TAG.sequence).find(({ tag }) => tag === TAG.integer)?.content;
  if (length === undefined) return undefined;
  if (length.length === 0 || length.length > 2) throw new DerError('a path length is malformed');
  return length.readUIntBE(0, length.length);
}

function isForSignatures(value: Buffer): boolean {
  const [bits] = elementsOf(value);
  if (bits?.tag !== TAG.bitString) throw new DerError('a key usage is malformed');
  return ((bits.content[1] ?? 0) & DIGITAL_SIGNATURE_BIT) !== 0;
}

const usagesOf = (value: Buffer): string[] => insideOf(value, TAG.sequence).map(({ content }) => oidText(content));

function mapped<Value>(value: Buffer | undefined, read: (value: Buffer) => Value): Value | undefined {
  return value === undefined ? undefined : read(value);
}
