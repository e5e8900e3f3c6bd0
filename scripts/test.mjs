// npm test [-- jest arguments]: builds what is stale, then runs the tests.
import { join } from 'node:path';
import { buildIfStale, ROOT } from './build-if-stale.mjs';
import { closingLine } from './closing-line-reporter.mjs';
import { endLike, runChild } from './run-child.mjs';

const JEST = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
// The last is that of the daemon, for the same reason.
const NODE_FLAGS = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', '--no-wasm-code-gc'];

if (buildIfStale()) {
  endLike(await runChild(process.execPath, [...NODE_FLAGS, JEST, ...process.argv.slice(2)], { cwd: ROOT }));
} else {
  console.error('The sources do not compile, so no test was run.');
  console.log(closingLine({ passed: 0, failed: 1, skipped: 0 }));
  process.exitCode = 1;
}
