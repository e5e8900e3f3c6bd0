import { type ModelSource, type ResolvedModel, type SourceFile } from '@llama-orch/plugin-sdk';
import { digestOf } from '../trust/digest.js';
import { chosenFiles } from './chosen-files.js';
import { FetchError } from './fetch-error.js';
import { type WantedFile } from './file-fetches.js';
import { type FetchOrder, type ResolvedRef } from './local-model.js';

/** What an order comes to: which files, from where, and what they must be. */
export interface ModelPlan {
  readonly order: FetchOrder;
  readonly source: ModelSource;
  readonly resolved: ResolvedModel;
  readonly files: readonly SourceFile[];
  /** Of the model, where it is known before the bytes are here. */
  readonly digest: string | undefined;
}

/** Puts together what the source tells and what the order demands. @throws FetchError where they contradict */
export function planOf(order: FetchOrder, source: ModelSource, resolved: ResolvedModel): ModelPlan {
  const files = demandedFiles(chosenFiles(resolved.files, order.ref), order);
  const digest = knownDigest(files);
  if (order.digest !== undefined && digest !== undefined && digest !== order.digest)
    throw contradiction(order.ref, digest, order.digest);
  return { order, source, resolved, files, digest: digest ?? order.digest };
}

export function resolvedRef({ order, resolved, files }: ModelPlan): ResolvedRef {
  return {
    ...{ ref: order.ref, pinnedRef: resolved.pinnedRef, revision: resolved.revision, registry: resolved.registry },
    digest: knownDigest(files),
    sizeBytes: sumOf(files),
    files: files.map(({ path, digest, sizeBytes }) => ({
      path,
      ...(digest === undefined ? {} : { digest }),
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
    })),
  };
}

/** The files that are far away. */
export function wantedFiles({ order, resolved, files }: ModelPlan): readonly WantedFile[] {
  return files.flatMap(({ path, sizeBytes, digest, place }) => {
    if (place.type !== 'remote') return [];
    return [{ ref: order.ref, pinnedRef: resolved.pinnedRef, path, sizeBytes, digest, place }];
  });
}

/** Undefined where one of them is not known. */
export function sumOf(files: readonly { readonly sizeBytes?: number | undefined }[]): number | undefined {
  const sizes = files.map(({ sizeBytes }) => sizeBytes);
  return sizes.includes(undefined) ? undefined : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

/** What is demanded of the only file is demanded of the model. */
function demandedFiles(files: readonly SourceFile[], order: FetchOrder): readonly SourceFile[] {
  const { ref, digest: ofModel, fileDigests = {} } = order;
  return files.map((file) => {
    const demanded = (files.length === 1 ? ofModel : undefined) ?? fileDigests[file.path];
    if (demanded === undefined || demanded === file.digest) return file;
    if (file.digest !== undefined) throw contradiction(`${file.path} of ${ref}`, file.digest, demanded);
    return { ...file, digest: demanded };
  });
}

function knownDigest(files: readonly SourceFile[]): string | undefined {
  const known = files.flatMap(({ path, digest, sizeBytes }) =>
    digest === undefined ? [] : [{ path, digest, sizeBytes }],
  );
  if (known.length !== files.length) return undefined;
  if (files.length === 1) return known[0]?.digest;
  const sized = known.flatMap(({ sizeBytes, ...file }) => (sizeBytes === undefined ? [] : [{ ...file, sizeBytes }]));
  return sized.length === files.length ? digestOf(sized) : undefined;
}

function contradiction(what: string, listed: string, demanded: string): FetchError {
  const hint = 'nothing was fetched: check the ref, then the digest';
  return new FetchError('untrusted', `the source lists ${what} as ${listed}, not ${demanded}; ${hint}`);
}
