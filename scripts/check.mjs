// The static checks: build, format, lint, types, generated files. Runs all of them, then fails if one did.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale, ROOT } from './build-if-stale.mjs';

const tool = (...path) => join(ROOT, 'node_modules', ...path);
const CHECKS = [
  ['format', [tool('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level=warn', '.']],
  ['lint', [tool('eslint', 'bin', 'eslint.js'), '.']],
  ['types', [tool('typescript', 'bin', 'tsc'), '-p', 'tsconfig.check.json']],
  ['generated files', [join(ROOT, 'scripts', 'generate.mjs'), '--check']],
];

function passes([name, command]) {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, command, { cwd: ROOT, stdio: 'inherit' });
  console.log(`${name}: ${status === 0 ? 'ok' : 'FAILED'} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  return status === 0;
}

const built = buildIfStale();
console.log(`build: ${built ? 'ok' : 'FAILED'}`);
const outcomes = CHECKS.map(passes);
process.exitCode = built && outcomes.every(Boolean) ? 0 : 1;
