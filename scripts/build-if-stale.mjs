// Compiles what changed since the last build. The compiler keeps the record itself, so asking it is the check.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const COMPILER = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

/** Builds every workspace and the daemon. Answers false when the compiler found errors; it has printed them. */
export function buildIfStale() {
  if (!existsSync(join(ROOT, 'dist'))) console.error('Building, once; this takes a few seconds …');
  return spawnSync(process.execPath, [COMPILER, '-b'], { cwd: ROOT, stdio: 'inherit' }).status === 0;
}
