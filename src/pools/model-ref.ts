import { isAbsolute } from 'node:path';

/** A model ref of a pool: the names that tasks may use for it, and where the weights lie. */
export interface PoolModel {
  readonly ref: string;
  /** Short name for people and metrics. */
  readonly id: string;
  /** Absolute path of local weights. */
  readonly path: string | undefined;
}

const SHAPE = /^[A-Za-z0-9][A-Za-z0-9._:/@#=+ -]{0,1023}$/;

/** Reads the model ref of a pool. @throws Error when a `file:` ref names no absolute path */
export function poolModel(ref: string): PoolModel {
  if (!ref.startsWith('file:')) return { ref, id: ref, path: undefined };
  const path = ref.slice('file:'.length);
  if (!isAbsolute(path)) throw new Error(`model "${ref}" must name an absolute path, as in file:/models/name.gguf`);
  return { ref, id: nameOf(path), path };
}

/** True when the text has the form of a model ref; whether the model exists is another question. */
export function isModelRef(text: string): boolean {
  return SHAPE.test(text) && !text.split('/').includes('..');
}

function nameOf(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return file.replace(/\.gguf$/i, '');
}
