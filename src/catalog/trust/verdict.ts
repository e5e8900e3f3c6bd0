import { isInRegistries } from './registries.js';
import { because, type TrustReason } from './reasons.js';
import { type SbomCheck } from './sbom/sbom-check.js';
import { type SignatureCheck } from './signature/signature-check.js';
import { type EffectivePolicy } from './trust-policy.js';

/** What is known of the bytes of a model. */
export type ModelBytes =
  /** They are not here: nothing is said about them. */
  | { readonly type: 'absent' }
  | { readonly type: 'read'; readonly digest: string }
  /** They cannot be read as a model, such as with a link that leads out of it. */
  | { readonly type: 'unsafe'; readonly message: string };

/** All that a verdict is made from. */
export interface TrustFacts {
  readonly policy: EffectivePolicy;
  /** Where it comes from, as its source or `registryOf` tells it; undefined when nobody knows. */
  readonly registry: string | undefined;
  /** `sha256:<hex>` as somebody supplied it; undefined when nobody did. */
  readonly suppliedDigest: string | undefined;
  readonly model: ModelBytes;
  /** The entry says `signed: false`. That it says `signed: true` is no fact. */
  readonly isDeclaredUnsigned: boolean;
  readonly signatures: readonly SignatureCheck[];
  readonly sbom: SbomCheck;
}

export interface TrustVerdict {
  /** fail: never loaded. warn: loaded, and everybody is told why it should perhaps not be. */
  readonly verdict: 'pass' | 'warn' | 'fail';
  /** What kept it from `pass`; those that made it fail come first. The code of the first is the label of the metric. */
  readonly reasons: readonly TrustReason[];
  /** For the answer, the entry and the log: what was accepted all the same. */
  readonly warnings: readonly string[];
}

/** Is this model to be trusted? The same facts always give the same verdict. */
export function judgeTrust(facts: TrustFacts): TrustVerdict {
  const { policy, signatures } = facts;
  const isStrict = policy.mode === 'strict';
  const findings = [
    ...of(bytesReasons(facts), true),
    ...of(sourceReasons(facts), isStrict),
    ...of(signatureReasons(facts), policy.requireSignature),
    ...of(sbomReasons(facts), policy.requireSbom || isDigestReason(facts.sbom)),
    ...of(needlessReasons(signatures), false),
  ];
  const fatal = findings.filter(({ isFatal }) => isFatal).map(({ reason }) => reason);
  const accepted = findings.filter(({ isFatal }) => !isFatal).map(({ reason }) => reason);
  const verdict = fatal.length > 0 ? 'fail' : accepted.length > 0 ? 'warn' : 'pass';
  return { verdict, reasons: [...fatal, ...accepted], warnings: accepted.map(({ message }) => message) };
}

interface Finding {
  readonly reason: TrustReason;
  readonly isFatal: boolean;
}

const of = (reasons: readonly TrustReason[], isFatal: boolean): Finding[] =>
  reasons.map((reason) => ({ reason, isFatal }));

function bytesReasons({ model, suppliedDigest }: TrustFacts): TrustReason[] {
  if (model.type === 'absent') return [];
  if (model.type === 'unsafe') return [because('unsafe-model', model.message)];
  if (suppliedDigest === undefined || suppliedDigest === model.digest) return [];
  return [
    because(
      'digest-mismatch',
      `the weights have the digest ${model.digest} and ${suppliedDigest} was supplied; fetch them again, or correct the digest`,
    ),
  ];
}

function sourceReasons({ policy, registry }: TrustFacts): TrustReason[] {
  if (policy.allowedRegistries.every((registries) => isInRegistries(registry, registries))) return [];
  const message =
    registry === undefined
      ? 'the model names no source that is known, and only some registries are allowed; give it a source_url'
      : 'the source of the model is in no registry of allowed_registries; take it from one of them, or allow its registry';
  return [because('source-not-allowed', message)];
}

function signatureReasons({ isDeclaredUnsigned, signatures }: TrustFacts): TrustReason[] {
  if (isDeclaredUnsigned) return [because('declared-unsigned', 'the model is declared unsigned; sign it')];
  if (signatures.some(({ verified }) => verified)) return [];
  if (signatures.length === 0) return [because('unsigned', 'the model has no signature; sign it and add the bundle')];
  return refusals(signatures);
}

/** One signature that holds is enough; what is wrong with the others is still worth a warning. */
function needlessReasons(signatures: readonly SignatureCheck[]): TrustReason[] {
  return signatures.some(({ verified }) => verified) ? refusals(signatures) : [];
}

const refusals = (signatures: readonly SignatureCheck[]): TrustReason[] =>
  signatures.flatMap((check) => (check.verified ? [] : [check.reason]));

function sbomReasons({ sbom }: TrustFacts): TrustReason[] {
  if (sbom.type === 'agrees') return [];
  if (sbom.type === 'refused') return [sbom.reason];
  return [because('missing-sbom', 'the model has no SBOM; add a CycloneDX ML-BOM')];
}

/** A digest that somebody supplied is enforced in every mode, that of the SBOM too. */
const isDigestReason = (sbom: SbomCheck): boolean =>
  sbom.type === 'refused' && sbom.reason.code === 'sbom-digest-mismatch';
