import type { Plugin, PluginDefinition } from './plugin.js';

/** One HTTP exchange that a source asks the host for. */
export interface SourceCall {
  /** Default GET. */
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Go to the origin of `url` alone, after no redirect, and are shown to no policy, log or audit: keys and tokens. */
  readonly secretHeaders?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A small answer, whole: a list, a manifest, a head. Redirects were followed, each as a call of its own. */
export interface SourceReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly finalUrl: string;
}

/**
 * The host's door to the network: address guard, policies, caps, audit. A source dials no other way.
 * @throws Error when the call is refused or the far side fails; let it pass, the host knows it
 */
export type SourceFetch = (call: SourceCall) => Promise<SourceReply>;

/** Where the bytes of a file are. Of what is far away the host asks for ranges, compares, resumes and hashes. */
export type FilePlace =
  | { readonly type: 'local'; readonly path: string }
  /** `ask` is called for every attempt, so what it signs is fresh. The host adds the headers of the range. */
  | { readonly type: 'remote'; ask(fetch: SourceFetch): SourceCall | Promise<SourceCall> };

export interface SourceFile {
  /** Relative to the model, with `/` between its parts: the name that the file gets. */
  readonly path: string;
  readonly sizeBytes?: number;
  /** `sha256:<hex>`, where the source tells it: the host demands it of the bytes. */
  readonly digest?: string;
  readonly place: FilePlace;
}

/** What a ref stands for, down to bytes that will not change. */
export interface ResolvedModel {
  /** Commit, manifest digest or version; undefined where the source has none. */
  readonly revision?: string;
  /** A ref of this source that leads to the same bytes from now on. */
  readonly pinnedRef: string;
  /** Host, with its port if it has one, and organisation or repository: what an operator allows or forbids. */
  readonly registry: string;
  readonly files: readonly SourceFile[];
}

/** Says where the bytes of models are. It fetches none of them itself. */
export interface ModelSource {
  /** What its refs begin with, without the colon. */
  readonly schemes: readonly string[];
  /** Origins that the operator's options name; they may be private. Default: none. */
  readonly origins?: readonly string[];
  /** @throws SourceError */
  resolve(ref: string, fetch: SourceFetch, signal: AbortSignal): Promise<ResolvedModel>;
}

/** `malformed`: the ref is none of this source. `missing`: nothing is there. `denied`: a key is missing or not enough. */
export type SourceErrorKind = 'malformed' | 'missing' | 'denied' | 'unavailable';

const NAME = 'SourceError';

/** Why a ref leads to nothing, in a sentence for people that holds no secret. */
export class SourceError extends Error {
  override readonly name = NAME;

  constructor(
    readonly kind: SourceErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Recognises a source error also when it was made by another copy of this package. */
export function isSourceError(error: unknown): error is SourceError {
  return error instanceof Error && error.name === NAME && 'kind' in error;
}

export type ModelSourcePlugin<Options = unknown> = Plugin<'model-source', Options, ModelSource>;

/** Declares a model source: the default export of its package. */
export function defineModelSource<Options>(
  definition: PluginDefinition<Options, ModelSource>,
): ModelSourcePlugin<Options> {
  return { ...definition, kind: 'model-source' };
}
