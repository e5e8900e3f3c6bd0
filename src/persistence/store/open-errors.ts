import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from '../store-error.js';
import { holderOf } from './holder.js';
import { isSqliteError } from './sqlite-error.js';

/** Words for the operator of a store that cannot be opened; errors of other kinds stay what they are. */
export function storeErrorOf(error: unknown, path: string): unknown {
  if (error instanceof StoreError || !isSqliteError(error)) return error;
  const { code } = error;
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return locked(dirname(path), error);
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return damaged(path, error.message, error);
  const way = code.startsWith('SQLITE_FULL') ? 'free space on its disk' : 'make it readable and writable';
  const hint = `${way}, or use another storage.data_dir`;
  return new StoreError('unusable', `the store ${path} cannot be opened: ${error.message}; ${hint}`, error);
}

export function damaged(path: string, what: string, cause?: unknown): StoreError {
  const size = statSync(path).size;
  const hint = 'nothing was changed; move it away to start afresh, or put a backup in its place';
  return new StoreError('damaged', `the store ${path} (${size} bytes) is damaged: ${what}; ${hint}`, cause);
}

export function tooNew(path: string, version: number, known: number): StoreError {
  const message = `the store ${path} is of version ${version}, this llama-orch knows ${known}`;
  return new StoreError('too-new', `${message}; start the newer llama-orch again, or use another storage.data_dir`);
}

function locked(folder: string, cause: unknown): StoreError {
  const hint = 'stop that one, or give this one another storage.data_dir (LLORCH_DATA_DIR)';
  return new StoreError('locked', `the data folder ${folder} is in use by ${holderOf(folder)}; ${hint}`, cause);
}
