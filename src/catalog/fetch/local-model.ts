import { type OutboundCaller } from '../../egress/egress.js';

/** What is asked for: a ref, and what its bytes have to be. */
export interface FetchOrder {
  /** `hf:…`, `https:…`, `s3:…`, `oci:…` or `file:…`. */
  readonly ref: string;
  /** `sha256:<hex>` of the one file, else of the list of files; whatever else comes is refused. */
  readonly digest?: string;
  /** Digests by path that an entry tells of its files. */
  readonly fileDigests?: Readonly<Record<string, string>>;
  /** True: the ref stands in the operator's configuration, so its address may be private. */
  readonly isNamedByOperator?: boolean;
  /** For policies and the audit; absent: the daemon itself. */
  readonly caller?: Pick<OutboundCaller, 'actor' | 'tenant' | 'correlationId'>;
}

export interface LocalFile {
  /** Relative to the model, with `/` between its parts. */
  readonly path: string;
  /** Absolute. */
  readonly location: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** A model whose every byte was compared and whose headers were checked. */
export interface LocalModel {
  /** As it was asked for. */
  readonly ref: string;
  /** Leads to the same bytes from now on. */
  readonly pinnedRef: string;
  readonly revision: string | undefined;
  readonly registry: string;
  /** `sha256:<hex>` of the one file, else of the RFC 8785 form of the files sorted by path. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** What an engine loads: the file, the first of several parts, or the folder. */
  readonly path: string;
  readonly files: readonly LocalFile[];
  /** False for weights that are used where the operator keeps them. */
  readonly isCached: boolean;
}

/** What a ref stands for right now, before a byte of it is fetched. */
export interface ResolvedRef {
  readonly ref: string;
  readonly pinnedRef: string;
  readonly revision: string | undefined;
  readonly registry: string;
  /** Where the source tells the digests of all files. */
  readonly digest: string | undefined;
  /** Undefined where the source does not tell. */
  readonly sizeBytes: number | undefined;
  readonly files: readonly { readonly path: string; readonly digest?: string; readonly sizeBytes?: number }[];
}
