import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { StoreError } from './store-error.js';

type Environment = Readonly<Record<string, string | undefined>>;

const OWNER_ONLY = 0o700;
const OWNER_FILE = 0o600;

/** `storage.data_dir`, from the folder of the config when it is relative; else `$XDG_DATA_HOME/llama-orch`. */
export function dataFolder(configured: string | undefined, baseFolder: string, env: Environment): string {
  if (configured !== undefined) return isAbsolute(configured) ? configured : resolve(baseFolder, configured);
  const base = env['XDG_DATA_HOME'] || join(env['HOME'] || homedir(), '.local', 'share');
  return join(base, 'llama-orch');
}

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
