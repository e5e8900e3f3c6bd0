/** One file of a model, as its publisher declared it. */
export interface Manifest {
  /** Relative to the model, with `/` between its parts. */
  readonly path: string;
  /** `sha256:<hex>`. */
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface Signature {
  readonly signer: string;
  readonly algo: string;
  /** What the verification found; what a caller says of it counts for nothing. */
  readonly verified: boolean;
  /** When it was made, epoch ms. */
  readonly timestampMs: number | undefined;
  /** The signed bundle itself, as JSON; kept beside the entry. */
  readonly bundle: Readonly<Record<string, unknown>> | undefined;
}

/** A bill of materials: where it is, and its digest, `sha256:<hex>`. */
export interface Sbom {
  readonly uri: string;
  readonly digest: string;
  /** The document itself, where it was sent along; kept beside the entry. */
  readonly text?: string;
}

export type TrustMode = 'permissive' | 'strict';

/** What has to be proven of a model before it is loaded. */
export interface TrustPolicy {
  readonly mode: TrustMode;
  /** Empty: all. */
  readonly allowedRegistries: readonly string[];
  readonly requireSignature: boolean;
  readonly requireSbom: boolean;
  /** Trust anchors, as PEM text or as paths of PEM files. */
  readonly caRoots: readonly string[];
}

/** What somebody says of a model that can be served. */
export interface Declaration {
  readonly id: string;
  /** `sha256:<hex>` of the one file, else of the RFC 8785 form of the manifests, sorted by path. */
  readonly digest: string;
  /** A model ref that leads to the weights. */
  readonly sourceUrl: string | undefined;
  readonly version: string | undefined;
  readonly aliases: readonly string[];
  readonly tags: readonly string[];
  readonly manifests: readonly Manifest[];
  readonly signatures: readonly Signature[];
  readonly sbom: Sbom | undefined;
  /** What the entry adds to the policy of the configuration; the stricter of both counts. */
  readonly trustPolicy: Partial<TrustPolicy> | undefined;
  /** `false` declares a model unsigned; `true` proves nothing. */
  readonly signed: boolean | undefined;
}

/** Who added a model that the configuration of a pool names. */
export const BY_POOL = 'pool';

export const MODEL_STATES = ['Active', 'Retired'] as const;
export type ModelState = (typeof MODEL_STATES)[number];

export type VerificationState = 'running' | 'pass' | 'warn' | 'fail';

export interface Verification {
  readonly id: string;
  readonly state: VerificationState;
  /** Why it is not `pass`; undefined while it runs. */
  readonly reason: string | undefined;
  readonly startedMs: number;
  readonly finishedMs: number | undefined;
}

/** A model that can be served. */
export interface CatalogEntry extends Omit<Declaration, 'digest'> {
  /** Undefined while nobody has said it or worked it out, which happens to models that a pool brought along. */
  readonly digest: string | undefined;
  /** Somebody supplied the digest, so that weights with another one are never loaded. */
  readonly isSupplied: boolean;
  /** What `sourceUrl` was resolved to: a ref that leads to the same bytes from now on. */
  readonly pinnedRef: string | undefined;
  readonly state: ModelState;
  readonly createdMs: number;
  /** Id of the key, `local` without keys, or {@link BY_POOL}. */
  readonly addedBy: string;
  readonly lastVerification: Verification | undefined;
  readonly warnings: readonly string[];
  /** Its bytes were found wrong: nothing loads it until a verification finds them right. */
  readonly isQuarantined: boolean;
}
