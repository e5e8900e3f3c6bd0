import { type KeyObject } from 'node:crypto';
import { keyFingerprint, type TrustAnchors } from '../anchors.js';
import { type FileDigest } from '../digest.js';
import { because, Distrust } from '../reasons.js';
import { readBundle, type SignedBundle } from './bundle.js';
import { provenSigner } from './certificate-chain.js';
import { firstDifference } from './compare-files.js';
import { algorithmOf, isSignedBy } from './envelope.js';
import { signingKey } from './key-signature.js';
import { type SignatureCheck, type SignatureMethod } from './signature-check.js';
import { provenIdentity } from './sigstore-signature.js';
import { readStatement } from './statement.js';

/** What a signature is compared with. */
export interface SignedModel {
  /** Every file of the model: as it was read, or as the entry declares it while its bytes are not here. */
  readonly files: readonly FileDigest[];
  readonly anchors: TrustAnchors;
  /** Epoch ms; certificates have to be valid then. */
  readonly nowMs: number;
  /** Where the bundle lies inside the model, if it does: that file is not signed. */
  readonly bundlePath?: string;
}

interface Author {
  readonly method: SignatureMethod;
  readonly signer: string;
  readonly algo: string;
  readonly timestampMs: number | undefined;
}

/**
 * Checks an OpenSSF model signature (v1.0, and the layout of 0.2): a Sigstore bundle with a DSSE envelope around an
 * in-toto statement over every file. It never throws for what the bundle holds: what is wrong is the answer.
 *
 * @param bundle the text of the bundle file
 */
export async function checkSignature(bundle: string, model: SignedModel): Promise<SignatureCheck> {
  try {
    const signed = readBundle(bundle);
    const author = await authorOf(signed, model);
    const difference = firstDifference(
      readStatement(signed.payloadType, signed.payload),
      model.files,
      model.bundlePath,
    );
    return difference === undefined ? { verified: true, ...author } : { verified: false, reason: difference };
  } catch (error) {
    if (error instanceof Distrust) return { verified: false, reason: because(error.code, error.message) };
    throw error;
  }
}

async function authorOf(bundle: SignedBundle, { anchors, nowMs }: SignedModel): Promise<Author> {
  const { material } = bundle;
  switch (material.type) {
    case 'key':
      return keyAuthor(signingKey(bundle, material, anchors.keys));
    case 'certificate':
      return certificateAuthor(bundle, material.chain, anchors, nowMs);
    case 'sigstore': {
      const { identity, algo, timestampMs } = await provenIdentity(bundle.json, anchors);
      return { method: 'sigstore', signer: identity, algo, timestampMs };
    }
  }
}

const keyAuthor = (key: KeyObject): Author => ({
  method: 'key',
  signer: `sha256:${keyFingerprint(key)}`,
  algo: algorithmOf(key),
  timestampMs: undefined,
});

function certificateAuthor(
  bundle: SignedBundle,
  chain: readonly Buffer[],
  { certificates }: TrustAnchors,
  nowMs: number,
): Author {
  const certificate = provenSigner(chain, certificates, nowMs);
  const { publicKey, subject } = certificate;
  if (!isSignedBy(publicKey, bundle))
    throw new Distrust(
      'bad-signature',
      'the signature does not fit the certificate that it names; sign the model again',
    );
  const signer = subject.replace(/\s+/g, ' ').trim().slice(0, 200);
  return { method: 'certificate', signer, algo: algorithmOf(publicKey), timestampMs: undefined };
}
