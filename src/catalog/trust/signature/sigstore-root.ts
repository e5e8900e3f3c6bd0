import { type toTrustMaterial } from '@sigstore/verify';
import { z } from 'zod';
import { base64Bytes } from './base64.js';

/** The anchors of one Sigstore instance: its authorities, logs and clocks. */
export type SigstoreRoot = Parameters<typeof toTrustMaterial>[0];

const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.trustedroot(?:\.v0\.[12]\+json|\+json;version=0\.[12])$/;
/** Number of a kind of key in Sigstore's protocol. Keys in PKCS #1 are told from the others by it. */
const KEY_KINDS: Readonly<Record<string, number>> = {
  PKCS1_RSA_PKCS1V5: 1,
  PKIX_RSA_PKCS1V5: 3,
  PKIX_ECDSA_P256_SHA_256: 5,
  PKIX_ED25519: 7,
  PKIX_RSA_PKCS1V15_2048_SHA256: 9,
  PKIX_RSA_PKCS1V15_3072_SHA256: 10,
  PKIX_RSA_PKCS1V15_4096_SHA256: 11,
  PKIX_ECDSA_P384_SHA_384: 12,
  PKIX_ECDSA_P521_SHA_512: 13,
};
const SHA2_256 = 1;

const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const validFor = z
  .object({ start: time.optional(), end: time.optional() })
  .transform(({ start, end }) => ({ start, end }));
const bytes = base64Bytes(64 * 1024);
const logId = z.object({ keyId: bytes });

const log = z.object({
  baseUrl: z.string(),
  hashAlgorithm: z.literal('SHA2_256').transform(() => SHA2_256),
  publicKey: z.object({
    rawBytes: bytes,
    keyDetails: z.string().transform((kind) => KEY_KINDS[kind] ?? 0),
    validFor: validFor.optional().transform((time) => time),
  }),
  logId,
  checkpointKeyId: logId.optional().transform((id) => id),
  operator: z.string().default(''),
});

const authority = z.object({
  subject: z.object({ organization: z.string().default(''), commonName: z.string().default('') }),
  uri: z.string().default(''),
  certChain: z.object({ certificates: z.array(z.object({ rawBytes: bytes })).min(1) }),
  validFor: validFor.optional().transform((time) => time),
  operator: z.string().default(''),
});

const schema = z.object({
  mediaType: z.string().regex(MEDIA_TYPE),
  tlogs: z.array(log).default([]),
  certificateAuthorities: z.array(authority).default([]),
  ctlogs: z.array(log).default([]),
  timestampAuthorities: z.array(authority).default([]),
});

/** From the JSON of a `trusted_root.json`; undefined when it is none. */
export function readSigstoreRoot(json: unknown): SigstoreRoot | undefined {
  const parsed = schema.safeParse(json);
  return parsed.success ? parsed.data : undefined;
}
