import { join } from 'node:path';

const STORE = 'store.db';

/** The database of a data folder. */
export function storePath(folder: string): string {
  return join(folder, STORE);
}
