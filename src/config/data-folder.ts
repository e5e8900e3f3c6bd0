import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { type Environment } from './environment.js';

/** `storage.data_dir`, from the folder of the config when it is relative; else `$XDG_DATA_HOME/llama-orch`. */
export function dataFolder(configured: string | undefined, baseFolder: string, env: Environment): string {
  if (configured !== undefined) return isAbsolute(configured) ? configured : resolve(baseFolder, configured);
  const base = env['XDG_DATA_HOME'] || join(env['HOME'] || homedir(), '.local', 'share');
  return join(base, 'llama-orch');
}
