import { MASK, soundsSecret } from './mask-secrets.js';
import { type Origins } from './origins.js';
import { mapStrings, pathText, type Path } from './path.js';
import { type Config } from './schema.js';

/**
 * A copy of the configuration that can be shown. Secrets are masked; a value that the file takes from the environment
 * is shown as the file has it.
 */
export function redacted(config: Config, origins: Origins = {}): Config {
  return mapStrings(config, (text, path) => shown(text, path, origins)) as Config;
}

function shown(text: string, path: Path, origins: Origins): string {
  if (path.some((step) => typeof step === 'string' && soundsSecret(step))) return MASK;
  const origin = origins[pathText(path)];
  return origin?.type === 'file' && origin.written !== undefined ? origin.written : text;
}
