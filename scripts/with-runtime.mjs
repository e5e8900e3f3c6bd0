// node scripts/with-runtime.mjs <script> [arguments]
// Sees to it that the dependencies are installed, then runs the script with the Node that the product is pinned to.
// May itself be started by an older Node, so: built-ins only.
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDependencies } from './dependencies.mjs';
import { endLike, runChild } from './run-child.mjs';
import { findNode, noNodeSentence, starterProblem } from './runtime.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

async function main([script, ...args]) {
  if (script === undefined) return fail('Say which script to run: node scripts/with-runtime.mjs <script> [arguments]');
  const problem = starterProblem() || ensureDependencies(ROOT);
  if (problem !== undefined) return fail(problem);
  const node = findNode(ROOT);
  if (node === undefined) return fail(noNodeSentence());
  const path = [join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  endLike(await runChild(node, [script, ...args], { env: { ...process.env, PATH: path } }));
}

function fail(sentence) {
  console.error(sentence);
  process.exitCode = 1;
}

await main(process.argv.slice(2));
