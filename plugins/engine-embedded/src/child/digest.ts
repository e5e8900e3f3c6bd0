import { createHash } from 'node:crypto';
import { type FileHandle } from 'node:fs/promises';

const READ_BYTES = 4 * 1024 * 1024;

/** `sha256:<hex>` of a whole file. */
export async function digestOf(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, READ_BYTES, position);
    if (bytesRead === 0) return `sha256:${hash.digest('hex')}`;
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}
