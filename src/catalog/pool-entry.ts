import { createHash } from 'node:crypto';
import { BY_POOL, type CatalogEntry } from './entry.js';
import { isCatalogId, parseModelRef } from './refs/model-ref.js';

const LONGEST_NAME = 100;

/** The entry of a model that a pool names and nobody has declared. Undefined for a digest: it says of no weights where they are. */
export function entryOfPool(
  ref: string,
  createdMs: number,
  isTaken: (id: string) => boolean,
): CatalogEntry | undefined {
  const parsed = parseModelRef(ref);
  if (parsed.type === 'digest') return undefined;
  const id = isPlainName(ref) ? ref : freeId(nameIn(ref), ref, isTaken);
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

/** The last part of a ref that people would call the model by. */
function nameIn(ref: string): string {
  const path = ref.replace(/[?#@].*$/, '').replace(/\/+$/, '');
  const last = path.slice(path.lastIndexOf('/') + 1).replace(/\.(?:gguf|safetensors)$/i, '');
  const plain = last.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return plain.slice(0, LONGEST_NAME) || 'model';
}

/** Two files of one name have two ids, and the same two after every start. */
function freeId(name: string, ref: string, isTaken: (id: string) => boolean): string {
  return isTaken(name) ? `${name}-${createHash('sha256').update(ref).digest('hex').slice(0, 12)}` : name;
}
