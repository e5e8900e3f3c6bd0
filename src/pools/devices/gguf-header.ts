import { open } from 'node:fs/promises';
import { FileBytes, Unsound } from '../../catalog/fetch/formats/byte-source.js';
import { readGgufShape } from '../../catalog/fetch/formats/gguf.js';
import { type ModelShape } from '../../catalog/fetch/formats/model-shape.js';

export { type ModelShape } from '../../catalog/fetch/formats/model-shape.js';

/**
 * Reads what is needed to size a cache. The file is not trusted: every count and length is bounded before it is used.
 * @returns undefined when the file is no GGUF, damaged, or does not say enough
 */
export async function readModelShape(path: string): Promise<ModelShape | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return await readGgufShape(new FileBytes(file, size));
  } catch (error) {
    if (error instanceof Unsound) return undefined;
    throw error;
  } finally {
    await file.close();
  }
}
