import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { type Config, type Environment } from '../config/index.js';

/** Folder of fetched weights, and of relative model refs. A relative one starts at the folder of the configuration. */
export function weightsFolder({ catalog }: Config, baseFolder: string, env: Environment): string {
  const home = env['HOME'] || homedir();
  const { weights_dir: configured } = catalog;
  if (configured === undefined) return join(env['XDG_CACHE_HOME'] || join(home, '.cache'), 'llama-orch', 'models');
  if (configured.startsWith('~/')) return join(home, configured.slice(2));
  return isAbsolute(configured) ? configured : resolve(baseFolder, configured);
}
