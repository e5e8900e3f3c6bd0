import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { StoreError } from './store-error.js';

const OWNER_ONLY = 0o700;
const OWNER_FILE = 0o600;

/** Makes the folder and keeps everybody else out of it. @throws StoreError when that cannot be done */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: OWNER_ONLY });
    chmodSync(folder, OWNER_ONLY);
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    const hint = 'make it writable, or name another one in storage.data_dir or LLORCH_DATA_DIR';
    throw new StoreError('unusable', `the data folder ${folder} cannot be used (${code}); ${hint}`, error);
  }
}

/** Makes an empty file, if there is none, that only its owner may read. */
export function privateFile(path: string): void {
  closeSync(openSync(path, 'a', OWNER_FILE));
}
