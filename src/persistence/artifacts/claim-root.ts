import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { prepareFolder } from '../data-folder.js';
import { StoreError } from '../store-error.js';

const OWNER = 'owner.json';

/**
 * Makes the folder of contents that of this data folder alone: another daemon on it would take for unreferenced what it has
 * no rows of, and remove it. A folder inside of the data folder is its own already.
 * @throws StoreError when it belongs to another data folder, or cannot be used
 */
export function claimRoot(root: string, dataFolder: string): void {
  prepareFolder(root);
  if (!relative(dataFolder, root).startsWith('..')) return;
  const data_dir = resolve(dataFolder);
  const path = join(root, OWNER);
  const owner = ownerIn(path);
  if (owner === data_dir) return;
  if (owner === undefined) return writeFileSync(path, `${JSON.stringify({ data_dir })}\n`, { mode: 0o600, flag: 'wx' });
  const hint = `name another folder in artifacts.root; when that data folder was moved here, remove ${path}`;
  throw new StoreError('unusable', `the folder of artifacts ${root} belongs to the data folder ${owner}; ${hint}`);
}

function ownerIn(path: string): string | undefined {
  try {
    const { data_dir } = JSON.parse(readFileSync(path, 'utf8')) as { readonly data_dir?: unknown };
    return String(data_dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return 'of which nothing is known';
  }
}
