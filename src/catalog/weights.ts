import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { BY_POOL, type CatalogEntry, type Declaration } from './entry.js';
import { type FetchOrder } from './fetch/local-model.js';
import { type Fetches } from './fetch/fetches.js';
import { parseModelRef } from './refs/model-ref.js';

/** Where the weights of an entry are. */
export type Place =
  /** On this machine. `isOurs`: they were fetched, so they may be moved and removed. */
  | { readonly type: 'local'; readonly path: string; readonly isOurs: boolean; readonly digest: string | undefined }
  /** They should be on this machine and are not. */
  | { readonly type: 'missing' }
  /** They can be fetched. */
  | { readonly type: 'remote'; readonly order: FetchOrder }
  /** The engine knows them by their name: it brought them along, or it runs elsewhere. */
  | { readonly type: 'engine' };

/** What of an entry says where its weights are. */
export type Sought = Pick<Declaration, 'id' | 'sourceUrl' | 'manifests'> &
  Partial<Pick<CatalogEntry, 'digest' | 'pinnedRef' | 'addedBy'>>;

/** Finds the weights of entries; fetches none. */
export class Weights {
  constructor(
    /** Folder of relative refs, and of what was fetched. */
    private readonly root: string,
    private readonly fetches: Pick<Fetches, 'local'>,
  ) {}

  async find(entry: Sought): Promise<Place> {
    const parsed = parseModelRef(entry.sourceUrl ?? entry.id);
    switch (parsed.type) {
      case 'file':
        return this.at(parsed.path);
      case 'name': {
        const path = parsed.relativePath === undefined ? undefined : await this.below(parsed.relativePath);
        return path === undefined ? { type: 'engine' } : this.at(path);
      }
      case 'malformed':
      case 'digest':
        return { type: 'engine' };
      default:
        return this.fetched(entry);
    }
  }

  private async fetched(entry: Sought): Promise<Place> {
    const local = entry.digest === undefined ? undefined : await this.fetches.local(entry.digest);
    if (local === undefined) return { type: 'remote', order: orderOf(entry) };
    return { type: 'local', path: local.path, isOurs: local.isCached, digest: local.digest };
  }

  /** What lies at an absolute path that an operator has named. */
  async at(path: string): Promise<Place> {
    const found = await stat(path).catch(() => undefined);
    // A pipe or device has no end, and would hold up whoever reads it.
    const isThere = found?.isFile() === true || found?.isDirectory() === true;
    return isThere ? { type: 'local', path, isOurs: false, digest: undefined } : { type: 'missing' };
  }

  /** The absolute path of something below the root; undefined when there is nothing, or it leads out by a link. */
  private async below(relativePath: string): Promise<string | undefined> {
    const real = (path: string) => realpath(path).catch(() => undefined);
    const [root, path] = [await real(this.root), await real(join(this.root, relativePath))];
    return root !== undefined && path?.startsWith(root + sep) === true ? path : undefined;
  }
}

/** What to ask a source for. What was resolved once is asked for again as it was. */
export function orderOf(entry: Sought): FetchOrder {
  const { sourceUrl = entry.id, pinnedRef = sourceUrl, digest, manifests, addedBy } = entry;
  return {
    ref: pinnedRef,
    ...(digest === undefined ? {} : { digest }),
    ...(manifests.length === 0
      ? {}
      : { fileDigests: Object.fromEntries(manifests.map((manifest) => [manifest.path, manifest.digest])) }),
    isNamedByOperator: addedBy === BY_POOL,
  };
}
