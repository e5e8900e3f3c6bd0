import { open } from 'node:fs/promises';
import { type ByteSource, FileBytes, Unsound } from './byte-source.js';
import { checkGguf, isGguf } from './gguf.js';
import { type ModelShape } from './model-shape.js';
import { isPickle, isPickleName } from './pickle.js';
import { checkSafetensors, isSafetensors } from './safetensors.js';

const HEAD_BYTES = 64;

/** Weights, by their names. */
export function isWeightsName(path: string): boolean {
  return /\.(?:gguf|safetensors)$/i.test(path);
}

/**
 * Looks at a file before an engine sees it: weights by their headers, whatever their names say; everything else must not
 * be what runs code. @throws Unsound
 */
export async function checkFile(location: string, path: string): Promise<ModelShape | undefined> {
  const file = await open(location, 'r');
  try {
    const { size } = await file.stat();
    return await checkBytes(new FileBytes(file, size), path);
  } finally {
    await file.close();
  }
}

/** @throws Unsound */
export async function checkBytes(source: ByteSource, path: string): Promise<ModelShape | undefined> {
  if (isPickleName(path)) throw new Unsound('it is a pickle, which runs code when it is loaded');
  const head = await source.read(0, Math.min(HEAD_BYTES, source.sizeBytes));
  if (isGguf(head) || /\.gguf$/i.test(path)) return checkGguf(source);
  // The length that a safetensors file begins with may look like the first bytes of a pickle.
  if (/\.safetensors$/i.test(path) || isSafetensors(head, source.sizeBytes)) await checkSafetensors(source);
  else if (isPickle(head)) throw new Unsound('it is a pickle or an archive, which may run code when it is loaded');
  return undefined;
}
