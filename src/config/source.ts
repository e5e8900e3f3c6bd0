import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { readDocument, type ConfigDocument } from './document.js';
import { type Environment } from './environment.js';
import { ConfigError } from './problem.js';

/** Where the configuration was read from. */
export type ConfigSource =
  | { readonly type: 'file'; readonly path: string; readonly namedBy: '--config' | 'LLORCH_CONFIG' | 'search' }
  | { readonly type: 'defaults' };

/**
 * Finds the file: `--config`, `LLORCH_CONFIG`, `./llama-orch.yaml`, `$XDG_CONFIG_HOME/llama-orch/config.yaml`.
 * A file that was named must exist; the other two need not.
 */
export function findSource(flag: string | undefined, env: Environment, cwd: string): ConfigSource {
  if (flag !== undefined) return { type: 'file', path: resolve(cwd, flag), namedBy: '--config' };
  if (env['LLORCH_CONFIG']) return { type: 'file', path: resolve(cwd, env['LLORCH_CONFIG']), namedBy: 'LLORCH_CONFIG' };
  const path = [join(cwd, 'llama-orch.yaml'), userFile(env)].find((candidate) => existsSync(candidate));
  return path === undefined ? { type: 'defaults' } : { type: 'file', path, namedBy: 'search' };
}

/** @throws ConfigError when the file cannot be read */
export function readSource(source: ConfigSource, cwd: string): ConfigDocument | undefined {
  if (source.type === 'defaults') return undefined;
  const name = shortName(source.path, cwd);
  try {
    return readDocument(name, readFileSync(source.path, 'utf8'));
  } catch (error) {
    throw new ConfigError([{ path: '', source: name, ...unreadable(source, error) }]);
  }
}

function userFile(env: Environment): string {
  const base = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config');
  return join(base, 'llama-orch', 'config.yaml');
}

function shortName(path: string, cwd: string): string {
  const name = relative(cwd, path);
  return name.startsWith(`..${sep}`) ? path : name;
}

function unreadable(
  source: Extract<ConfigSource, { type: 'file' }>,
  error: unknown,
): { message: string; hint: string } {
  const code = (error as NodeJS.ErrnoException).code;
  const hint = source.namedBy === 'search' ? 'make it readable, or remove it' : `correct ${source.namedBy}`;
  return { message: code === 'ENOENT' ? 'no such file' : `cannot be read (${code ?? 'unknown reason'})`, hint };
}
