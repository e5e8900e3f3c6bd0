import { createHash } from 'node:crypto';
import { modelNameIn } from '../kernel/model-name.js';
import { BY_POOL, type CatalogEntry } from './entry.js';
import { isCatalogId, parseModelRef } from './refs/model-ref.js';

/** The entry of a model that a pool names and nobody has declared. Undefined for a digest: it says of no weights where they are. */
export function entryOfPool(
  ref: string,
  createdMs: number,
  isTaken: (id: string) => boolean,
): CatalogEntry | undefined {
  const parsed = parseModelRef(ref);
  if (parsed.type === 'digest') return undefined;
  const id = isPlainName(ref) ? ref : freeId(modelNameIn(ref), ref, isTaken);
  const source = parsed.type === 'file' ? `file:${parsed.path}` : ref;
  const supplied = parsed.type === 'https' ? parsed.digest : undefined;
  return {
    ...{ id, digest: supplied, isSupplied: supplied !== undefined, sourceUrl: id === ref ? undefined : source },
    ...{ version: undefined, aliases: [], tags: [], manifests: [], signatures: [], sbom: undefined },
    ...{ trustPolicy: undefined, signed: undefined, pinnedRef: undefined, state: 'Active' as const, createdMs },
    ...{ addedBy: BY_POOL, lastVerification: undefined, warnings: [], isQuarantined: false },
  };
}

function isPlainName(ref: string): boolean {
  return parseModelRef(ref).type === 'name' && isCatalogId(ref);
}

/** Two files of one name have two ids, and the same two after every start. */
function freeId(name: string, ref: string, isTaken: (id: string) => boolean): string {
  return isTaken(name) ? `${name}-${createHash('sha256').update(ref).digest('hex').slice(0, 12)}` : name;
}
