import { isAbsolute } from 'node:path';
import { type CatalogEntry } from '../catalog/entry.js';
import { namesOfEntry } from '../catalog/model-names.js';
import { parseModelRef } from '../catalog/refs/model-ref.js';

/** A model ref of a pool: the names that tasks may use for it, and where the weights lie. */
export interface PoolModel {
  readonly ref: string;
  /** Short name for people and metrics. */
  readonly id: string;
  /** Absolute path of local weights. */
  readonly path: string | undefined;
  /** What the catalog calls it besides, as of now. Absent: the catalog does not know it. */
  readonly otherNames?: () => readonly string[];
}

/** Reads the model ref of a pool. @throws Error when a `file:` ref names no absolute path */
export function poolModel(ref: string): PoolModel {
  if (!ref.startsWith('file:')) return { ref, id: ref, path: undefined };
  const path = ref.slice('file:'.length);
  if (!isAbsolute(path)) throw new Error(`model "${ref}" must name an absolute path, as in file:/models/name.gguf`);
  return { ref, id: nameOf(path), path };
}

/** The model of a pool that the catalog has an entry for. */
export function catalogModel(ref: string, entry: CatalogEntry, current: () => CatalogEntry | undefined): PoolModel {
  const { path } = poolModel(ref);
  const otherNames = () => {
    const known = current();
    return known === undefined ? [] : namesOfEntry(known);
  };
  return { ref, id: entry.id, path, otherNames };
}

/** True when the text has the form of a model ref; whether the model exists is another question. */
export function isModelRef(text: string): boolean {
  return parseModelRef(text).type !== 'malformed';
}

function nameOf(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return file.replace(/\.gguf$/i, '');
}
