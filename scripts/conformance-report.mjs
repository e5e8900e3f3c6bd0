// node scripts/conformance-report.mjs [--check] [engine …]: runs the conformance kit on the engine adapters and writes
// what it finds to plugins/engine-*/CONFORMANCE.json and README.md. With --check it only compares, as `npm test` does.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfStale, ROOT } from './build-if-stale.mjs';
import { endLike, runChild } from './run-child.mjs';

const JEST = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
const NODE_FLAGS = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];

/** The conformance tests of the named engines, or of all. */
function specsOf(engines) {
  const all = readdirSync(join(ROOT, 'plugins')).filter((name) => name.startsWith('engine-'));
  const wanted = engines.length === 0 ? all : engines.map((engine) => `engine-${engine}`);
  return wanted.map((name) => join('plugins', name, 'test', 'conformance.spec.ts')).filter(exists);
}

function exists(path) {
  if (existsSync(join(ROOT, path))) return true;
  console.error(`There is no ${path}.`);
  return false;
}

async function main(args) {
  const specs = specsOf(args.filter((arg) => arg !== '--check'));
  if (specs.length === 0 || !buildIfStale()) {
    process.exitCode = 1;
    return;
  }
  const mode = args.includes('--check') ? {} : { LLORCH_CONFORMANCE: 'write' };
  const env = { ...process.env, ...mode };
  endLike(await runChild(process.execPath, [...NODE_FLAGS, JEST, '--runTestsByPath', ...specs], { cwd: ROOT, env }));
}

await main(process.argv.slice(2));
