import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';

import { digestOf } from './digest.js';
import { refuse } from './failure.js';
import { BadHeader, checkHeader } from './gguf-header.js';

/** A model file whose header is sound. */
export interface SoundFile {
  readonly path: string;
  /** What people may see of the path. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly digest: string;
}

/** @throws RunnerFailure when the file cannot be read or would harm the engine */
export async function inspect(path: string): Promise<SoundFile> {
  const name = basename(path);
  const file = await openFile(path, name);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw refuse('unavailable', 'model_missing', `The model file ${name} is not a file.`);
    await checkHeader(file, stat.size);
    return { path, name, sizeBytes: stat.size, digest: await digestOf(file) };
  } catch (error) {
    if (!(error instanceof BadHeader)) throw error;
    throw refuse(
      'invalid-input',
      'model_unusable',
      `The model file ${name} cannot be used: ${error.message}. Fetch it again.`,
    );
  } finally {
    await file.close();
  }
}

async function openFile(path: string, name: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw refuse('unavailable', 'model_missing', `The model file ${name} ${why}; pull the model or correct its path.`);
  }
}
