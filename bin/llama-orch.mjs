#!/usr/bin/env node
// The llama-orch command. On a Node that is too old it hands over to the one that was installed with it.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endLike, runChild } from '../scripts/run-child.mjs';
import { findNode, isAtLeast, LEAST_NODE, noNodeSentence } from '../scripts/runtime.mjs';

const THIS = fileURLToPath(import.meta.url);
const ROOT = join(dirname(THIS), '..');
// The second flag hides the notice that the hand-over itself is an experiment of Node.
// The third bounds what any WebAssembly memory may grow to, in pages of 64 KiB: policies are bounded before, each by itself.
// The fourth keeps V8 from freeing single functions of modules that are alive: with modules in several threads that has
// ended the process (V8 of Node 24.21: "jit_page_->allocations_.erase"). Whole modules are still freed.
const DAEMON_FLAGS = [
  '--max-semi-space-size=16',
  '--disable-warning=ExperimentalWarning',
  '--wasm-max-mem-pages=1024',
  '--no-wasm-code-gc',
];
const CLI = join(ROOT, 'dist', 'cli', 'main.js');

async function main(args) {
  if (!isAtLeast(process.versions.node, LEAST_NODE)) return handOver(args);
  if (args[0] === 'serve') becomeDaemon(args);
  if (!existsSync(CLI)) return fail('llama-orch is not built yet: run npm run build in its folder.');
  const { runCli } = await import('../dist/cli/main.js');
  process.exitCode = await runCli(args, { serve, selfTest, simulate, engine, audit, backup, policy });
}

/**
 * The daemon runs with heap settings of its own, which Node takes at its start alone: this process becomes one that has
 * them. By default the young generation grows to 67 MB, of which a relay of small frames has no use.
 */
function becomeDaemon(args) {
  const [flag] = DAEMON_FLAGS;
  if (process.execArgv.includes(flag) || process.platform === 'win32' || process.execve === undefined) return;
  process.execve(
    process.execPath,
    [process.execPath, ...DAEMON_FLAGS, ...process.execArgv, THIS, ...args],
    process.env,
  );
}

/** The daemon is loaded only by the command that runs it. */
async function serve(flags) {
  const daemon = await import('../dist/main.js');
  return daemon.serve(flags);
}

async function selfTest(request) {
  const daemon = await import('../dist/self-test.js');
  return daemon.selfTest(request);
}

/** So is the scheduler that a simulation runs. */
async function simulate(request) {
  const simulation = await import('../dist/simulate.js');
  return simulation.simulate(request);
}

/** So is what gets engines. */
async function engine(request) {
  const engines = await import('../dist/engine.js');
  return engines.careForEngines(request);
}

/** So is what reads the audit. */
async function audit(request) {
  const check = await import('../dist/audit-check.js');
  return check.careForAudit(request);
}

/** So is what copies a data folder, and puts a copy in its place. */
async function backup(request) {
  const backups = await import('../dist/backup.js');
  return backups.careForBackups(request);
}

/** So is what builds, tries and judges policies. */
async function policy(request) {
  const workbench = await import('../dist/policy.js');
  return workbench.careForPolicies(request);
}

async function handOver(args) {
  const node = findNode(ROOT);
  if (node === undefined) return fail(noNodeSentence());
  endLike(await runChild(node, [THIS, ...args]));
}

function fail(sentence) {
  console.error(sentence);
  process.exitCode = 1;
}

await main(process.argv.slice(2));
