import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Config } from '../../config/index.js';
import { keyIdOf, readKeyring, verifyModule } from '../module/signature.js';
import { PolicyError } from '../policy-error.js';
import { LoadFailure } from './load-failure.js';
import { type ModuleFile } from './module-file.js';
import { type PolicySource } from './policy-source.js';

/** What a module has to prove. */
export interface Trust {
  readonly requireSignature: boolean;
  /** Public keys, PEM. */
  readonly keys: readonly string[];
}

/** Reads the trusted keys. @throws Error that names the key file */
export function trustOf(settings: Config['policy'], baseFolder: string): Trust {
  const keys = settings.trusted_keys.flatMap((path) => keysOf(path, baseFolder));
  if (settings.require_signature && keys.length === 0)
    throw new Error('policy.require_signature is true and no key is trusted; name its PEM file in policy.trusted_keys');
  return { requireSignature: settings.require_signature, keys };
}

/** @throws LoadFailure at `digest` when the configuration expects another module */
export function requireDigest({ entry }: Pick<PolicySource, 'entry'>, { digest }: Pick<ModuleFile, 'digest'>): void {
  if (entry.sha256 === undefined || entry.sha256 === digest) return;
  const message = `the module is ${digest}, the configuration expects ${entry.sha256}; put the right file there, or the right digest`;
  throw new LoadFailure('digest', message);
}

/**
 * A signature that is there has to be good where keys are trusted; one that is missing is refused where it is required.
 * Built-in policies come with the daemon and need none.
 *
 * @throws LoadFailure at `signature`
 */
export function requireSignature(source: PolicySource, { bytes, signature }: ModuleFile, trust: Trust): void {
  if (source.isBuiltin) return;
  const matters = trust.requireSignature || (signature !== undefined && trust.keys.length > 0);
  if (!matters) return;
  try {
    verifyModule(bytes, signature, trust.keys);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new LoadFailure('signature', error.message, { code: error.code, cause: error });
  }
}

function keysOf(path: string, baseFolder: string): string[] {
  const keys = readKeyring(textOf(path, baseFolder));
  if (keys.length === 0) throw new Error(`policy.trusted_keys: ${basename(path)} holds no public key in PEM`);
  try {
    keys.forEach(keyIdOf);
  } catch (error) {
    throw new Error(`policy.trusted_keys: ${basename(path)}: ${(error as Error).message}`, { cause: error });
  }
  return keys;
}

function textOf(path: string, baseFolder: string): string {
  try {
    return readFileSync(resolve(baseFolder, path), 'utf8');
  } catch (cause) {
    const { code = 'unknown reason' } = cause as NodeJS.ErrnoException;
    throw new Error(`policy.trusted_keys: ${basename(path)} cannot be read (${code})`, { cause });
  }
}
