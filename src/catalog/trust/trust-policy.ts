import { type TrustMode, type TrustPolicy } from '../entry.js';

/** A policy as it is written down: what is missing follows from the mode. */
export type StatedPolicy = Partial<Omit<TrustPolicy, 'caRoots'>>;

/** What has to be proven of a model, once everybody who may tighten it has been heard. */
export interface EffectivePolicy {
  readonly mode: TrustMode;
  readonly requireSignature: boolean;
  readonly requireSbom: boolean;
  /** The source has to be in each of these lists; no list: it may be anywhere. */
  readonly allowedRegistries: readonly (readonly string[])[];
}

/**
 * The stricter of all that was stated: by the configuration, by the entry, by a header. Whoever states nothing leaves
 * everything as it is; `strict` requires signature and SBOM unless the same policy says that it does not.
 */
export function stricterOf(...stated: readonly (StatedPolicy | undefined)[]): EffectivePolicy {
  const policies = stated.filter((policy) => policy !== undefined);
  return {
    mode: policies.some(({ mode }) => mode === 'strict') ? 'strict' : 'permissive',
    requireSignature: policies.some(({ mode, requireSignature }) => requireSignature ?? mode === 'strict'),
    requireSbom: policies.some(({ mode, requireSbom }) => requireSbom ?? mode === 'strict'),
    allowedRegistries: policies.flatMap(({ allowedRegistries = [] }) =>
      allowedRegistries.length === 0 ? [] : [allowedRegistries],
    ),
  };
}
