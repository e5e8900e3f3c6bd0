// Compiles what changed since the last build. The compiler keeps the record itself, so asking it is the check.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const COMPILER = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const POLICIES = join(ROOT, 'scripts', 'build-policies.mjs');

/**
 * Builds every workspace, the daemon and, unless nobody will ask for them, the policies that come with it. Answers false
 * when something does not build; what is wrong has been printed.
 */
export function buildIfStale({ withPolicies = true } = {}) {
  if (!existsSync(join(ROOT, 'dist'))) console.error('Building, once; this takes a few seconds …');
  return run(COMPILER, '-b') && (!withPolicies || run(POLICIES));
}

function run(...args) {
  return spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' }).status === 0;
}
