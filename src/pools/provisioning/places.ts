import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Environment } from '../../config/index.js';

/** Folders that provisioning works in. */
export interface Places {
  readonly home: string;
  /** `~/.cache/llama-orch`: what can be fetched or built again. */
  readonly cache: string;
  /** `<data_dir>/engines`: logs and records of the engines that run. */
  readonly engines: string;
}

export function placesOf(dataFolder: string, env: Environment): Places {
  const home = env['HOME'] || homedir();
  const cache = join(env['XDG_CACHE_HOME'] || join(home, '.cache'), 'llama-orch');
  return { home, cache, engines: join(dataFolder, 'engines') };
}

/** A path of the configuration, which may begin with `~/`. */
export function expanded(path: string, { home }: Places): string {
  return path.startsWith('~/') ? join(home, path.slice(2)) : path;
}
