import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { ModelFilesError } from '../model-files-error.js';

/** One file to read. */
export interface FileToHash {
  /** Inside the model, for messages. */
  readonly path: string;
  /** Absolute. */
  readonly location: string;
  /** As it was found; another size means that somebody writes to it. */
  readonly sizeBytes: number;
}

const CHUNK_BYTES = 1024 * 1024;
/** A pipe that took the place of the file must not hold anybody up; a file does not heed it. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * `sha256:<hex>` of a file, a piece at a time and blocking the thread.
 *
 * @throws ModelFilesError when it is no longer the file that was found
 */
export function hashFile(file: FileToHash, allowLinks: boolean, onRead: (bytes: number) => void): string {
  const handle = opened(file, allowLinks);
  try {
    if (!fstatSync(handle).isFile()) throw changed(file);
    return hashOf(handle, file, onRead);
  } finally {
    closeSync(handle);
  }
}

function opened({ path, location }: FileToHash, allowLinks: boolean): number {
  try {
    return openSync(location, allowLinks ? OPEN_FLAGS : OPEN_FLAGS | constants.O_NOFOLLOW);
  } catch (cause) {
    throw ModelFilesError.reading(JSON.stringify(path), cause);
  }
}

function hashOf(handle: number, file: FileToHash, onRead: (bytes: number) => void): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, file.sizeBytes + 1));
  let total = 0;
  for (let read = readInto(buffer, handle, file); read > 0; read = readInto(buffer, handle, file)) {
    hash.update(buffer.subarray(0, read));
    total += read;
    // A file that grows as fast as it is read would never end.
    if (total > file.sizeBytes) throw changed(file);
    onRead(read);
  }
  if (total !== file.sizeBytes) throw changed(file);
  return `sha256:${hash.digest('hex')}`;
}

function readInto(buffer: Buffer, handle: number, { path }: FileToHash): number {
  try {
    return readSync(handle, buffer);
  } catch (cause) {
    throw ModelFilesError.reading(JSON.stringify(path), cause);
  }
}

const changed = ({ path }: FileToHash): ModelFilesError =>
  new ModelFilesError('changed', `${JSON.stringify(path)} changed while it was read; verify again when nobody writes`);
