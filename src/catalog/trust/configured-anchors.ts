import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Config } from '../../config/index.js';
import { readAnchors, type TrustAnchors } from './anchors.js';

type Settings = Pick<Config['catalog']['trust_policy'], 'ca_roots' | 'signers'>;

/**
 * The trust anchors that the configuration names. Relative paths begin at a folder, that of the configuration file.
 *
 * @throws Error that names a file which cannot be read, or holds no anchor
 */
export function configuredAnchors({ ca_roots, signers }: Settings, baseFolder: string): TrustAnchors {
  const files = ca_roots.map((path) => ({
    name: `catalog.trust_policy.ca_roots: ${basename(path)}`,
    text: textOf(path, baseFolder),
  }));
  return readAnchors(files, signers);
}

function textOf(path: string, baseFolder: string): string {
  try {
    return readFileSync(resolve(baseFolder, path), 'utf8');
  } catch (cause) {
    const { code = 'unknown reason' } = cause as NodeJS.ErrnoException;
    throw new Error(
      `catalog.trust_policy.ca_roots: ${basename(path)} cannot be read (${code}); correct the path or its rights`,
      { cause },
    );
  }
}
