/** Why a model is not, or not wholly, trusted. The codes are part of answers and of `catalog_verifications_total`. */
export const TRUST_REASONS = [
  'digest-mismatch',
  'unsafe-model',
  'source-not-allowed',
  'declared-unsigned',
  'unsigned',
  'oversized-bundle',
  'malformed-bundle',
  'unsupported-bundle',
  'several-signatures',
  'wrong-predicate',
  'malformed-statement',
  'no-trust-anchor',
  'wrong-key',
  'bad-signature',
  'untrusted-certificate',
  'expired-certificate',
  'certificate-not-yet-valid',
  'unsuitable-certificate',
  'transparency-log',
  'wrong-identity',
  'signed-file-differs',
  'missing-signed-file',
  'unsigned-extra-file',
  'missing-sbom',
  'oversized-sbom',
  'malformed-sbom',
  'unsupported-sbom',
  'sbom-digest-mismatch',
  'sbom-mismatch',
  'sbom-unbound',
] as const;

export type TrustReasonCode = (typeof TRUST_REASONS)[number];

/** One thing that keeps a model from being trusted. */
export interface TrustReason {
  readonly code: TrustReasonCode;
  /** What was found and what to do; without secrets and without paths of the host. */
  readonly message: string;
}

export function because(code: TrustReasonCode, message: string): TrustReason {
  return { code, message };
}

/** Thrown inside this folder where a check ends early; its functions answer with the reason instead. */
export class Distrust extends Error {
  override readonly name = 'Distrust';

  constructor(
    readonly code: TrustReasonCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  get reason(): TrustReason {
    return because(this.code, this.message);
  }
}
