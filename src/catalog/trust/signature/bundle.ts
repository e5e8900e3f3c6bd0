import { z } from 'zod';
import { boundedJson } from '../bounded-json.js';
import { Distrust } from '../reasons.js';
import { base64Bytes } from './base64.js';

/** What a bundle offers to check its signature with. */
export type SignatureMaterial =
  /** `keyFingerprint` is what the signer says of its key; it proves nothing and helps to explain. */
  | { readonly type: 'key'; readonly keyFingerprint: string | undefined; readonly keyPem: string | undefined }
  /** DER; the signer's own certificate first. */
  | { readonly type: 'certificate'; readonly chain: readonly Buffer[] }
  | { readonly type: 'sigstore' };

/** A Sigstore bundle around a DSSE envelope with one signature, not yet checked. */
export interface SignedBundle {
  readonly payloadType: string;
  readonly payload: Buffer;
  readonly signature: Buffer;
  readonly material: SignatureMaterial;
  /** As it was parsed, for the verifier of Sigstore. */
  readonly json: unknown;
}

/** The resources of 20 000 files are about 4 MiB. */
const BOUNDS = { maxBytes: 16 * 1024 * 1024, maxDepth: 32 };
const MAX_PAYLOAD_BYTES = 12 * 1024 * 1024;
const MAX_CHAIN = 10;
const MAX_LOG_ENTRIES = 32;
const MAX_TIMESTAMPS = 8;
const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v0\.3\+json|\+json;version=0\.[123])$/;

const certificate = z.object({ rawBytes: base64Bytes(64 * 1024) });

const material = z.object({
  publicKey: z.object({ hint: z.string().max(1024).nullish(), rawBytes: base64Bytes(16 * 1024).nullish() }).optional(),
  x509CertificateChain: z.object({ certificates: z.array(certificate).min(1).max(MAX_CHAIN) }).optional(),
  certificate: certificate.optional(),
  tlogEntries: z.array(z.unknown()).max(MAX_LOG_ENTRIES).nullish(),
  timestampVerificationData: z
    .object({ rfc3161Timestamps: z.array(z.unknown()).max(MAX_TIMESTAMPS).nullish() })
    .nullish(),
});

const schema = z.object({
  mediaType: z.string().regex(MEDIA_TYPE),
  verificationMaterial: material,
  dsseEnvelope: z.object({
    payload: base64Bytes(MAX_PAYLOAD_BYTES),
    payloadType: z.string().max(1024),
    signatures: z.array(z.object({ sig: base64Bytes(1024), keyid: z.string().nullish() })),
  }),
});

/** Reads the text of a bundle. @throws Distrust */
export function readBundle(text: string): SignedBundle {
  const json = jsonOf(text);
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw malformed(parsed.error.issues[0]?.path.join('.') ?? '');
  const { dsseEnvelope, verificationMaterial } = parsed.data;
  const { payload, payloadType, signatures } = dsseEnvelope;
  const [first, ...others] = signatures;
  if (first === undefined) throw malformed('dsseEnvelope.signatures');
  if (others.length > 0)
    throw new Distrust(
      'several-signatures',
      `the envelope of the bundle has ${signatures.length} signatures and may have one; make a bundle for each`,
    );
  return { payload, payloadType, signature: first.sig, material: materialOf(verificationMaterial), json };
}

function jsonOf(text: string): unknown {
  const parsed = boundedJson(text, BOUNDS);
  if (parsed.type === 'value') return parsed.value;
  if (parsed.type === 'too-large')
    throw new Distrust('oversized-bundle', `the bundle is larger than ${BOUNDS.maxBytes} bytes`);
  if (parsed.type === 'too-deep')
    throw new Distrust('oversized-bundle', `the bundle is nested deeper than ${BOUNDS.maxDepth} levels`);
  throw new Distrust('malformed-bundle', 'the bundle is not JSON; give the bundle file as the signer made it');
}

function materialOf(given: z.output<typeof material>): SignatureMaterial {
  const { publicKey, x509CertificateChain, certificate: leaf, tlogEntries } = given;
  const offered = [publicKey, x509CertificateChain, leaf].filter((each) => each !== undefined);
  if (offered.length !== 1) throw malformed('verificationMaterial');
  if (publicKey !== undefined) return keyMaterial(publicKey);
  if (x509CertificateChain !== undefined)
    return { type: 'certificate', chain: x509CertificateChain.certificates.map(({ rawBytes }) => rawBytes) };
  if ((tlogEntries ?? []).length === 0) throw malformed('verificationMaterial.tlogEntries');
  return { type: 'sigstore' };
}

/** Old bundles hold the key itself in place of its fingerprint. */
function keyMaterial({ hint, rawBytes }: NonNullable<z.output<typeof material>['publicKey']>): SignatureMaterial {
  if (hint == null && rawBytes == null) throw malformed('verificationMaterial.publicKey');
  return { type: 'key', keyFingerprint: hint ?? undefined, keyPem: rawBytes?.toString('latin1') };
}

const malformed = (member: string): Distrust =>
  new Distrust(
    'malformed-bundle',
    `the bundle is no model signature${member === '' ? '' : `: ${member} is missing or malformed`}; give the bundle file as the signer made it`,
  );
