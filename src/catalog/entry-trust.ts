import {
  BY_POOL,
  type CatalogEntry,
  type Declaration,
  type Manifest,
  type Signature,
  type TrustMode,
} from './entry.js';
import { type StatedPolicy, stricterOf, type EffectivePolicy } from './trust/trust-policy.js';
import { LOCAL_REGISTRY, registryOf } from './trust/registries.js';
import { type SignatureCheck } from './trust/signature/signature-check.js';
import { type TrustVerdict, judgeTrust, type ModelBytes } from './trust/verdict.js';
import { digestOf } from './trust/digest.js';
import { type Evidence } from './evidence.js';

/** What is judged: an entry, or one that is about to be. */
export type Judged = Declaration | CatalogEntry;

export interface Judgement extends TrustVerdict {
  /** Those of the model, with what was found out about them. */
  readonly signatures: readonly Signature[];
}

/** How far models are trusted under the policy of the configuration. */
export class EntryTrust {
  constructor(
    private readonly configured: StatedPolicy,
    private readonly evidence: Evidence,
  ) {}

  policyOf(model: Judged, header?: TrustMode): EffectivePolicy {
    const asked = header === undefined ? undefined : { mode: header };
    return stricterOf(this.configured, model.trustPolicy, asked);
  }

  /** Something has to be proven before it is loaded. */
  isStrict(model: Judged): boolean {
    const { mode, requireSignature, requireSbom } = this.policyOf(model);
    return mode === 'strict' || requireSignature || requireSbom;
  }

  /**
   * @param files of the weights that are here; undefined: they are not, so that nothing is said about their bytes
   * @param header a policy that this one judgement is tightened by
   */
  async judge(model: Judged, files: readonly Manifest[] | undefined, header?: TrustMode): Promise<Judgement> {
    const { digest, manifests } = model;
    // What was declared of the files stands for them until they are here.
    const known = files ?? (manifests.length > 0 ? manifests : undefined);
    const bytes: ModelBytes = files === undefined ? { type: 'absent' } : { type: 'read', digest: digestOf(files) };
    const checks = await this.evidence.signatures(model, known);
    const verdict = judgeTrust({
      ...{ policy: this.policyOf(model, header), registry: placeOf(model), model: bytes },
      suppliedDigest: 'isSupplied' in model && !model.isSupplied ? undefined : digest,
      isDeclaredUnsigned: model.signed === false,
      signatures: checks,
      sbom: this.evidence.sbom(model, known),
    });
    return { ...verdict, signatures: withChecks(model.signatures, checks) };
  }
}

/** Weights that a pool names and no ref leads to are those of its engine, on this machine. */
function placeOf(model: Judged): string | undefined {
  if (model.sourceUrl !== undefined) return registryOf(model.sourceUrl);
  return 'addedBy' in model && model.addedBy === BY_POOL ? LOCAL_REGISTRY : undefined;
}

/** The checks are those of the bundles, in their order. */
function withChecks(signatures: readonly Signature[], checks: readonly SignatureCheck[]): readonly Signature[] {
  const left = [...checks];
  return signatures.map((signature) => {
    const check = signature.bundle === undefined ? undefined : left.shift();
    return { ...signature, verified: check?.verified === true };
  });
}
