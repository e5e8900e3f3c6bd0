// Run by hand, after a build: node test/policy/fuel-on-nodes.mjs [--install]
// Whether all cases of all ready policies make the same modules, decisions and fuel on Node 22, 24 and 26. The Node that
// runs this is one of them; executables of the others are named in LLORCH_NODES, with colons between them, or installed by
// npm into a folder that is removed afterwards. Exit code 1: something differs. 2: not all versions were there.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';

const run = promisify(execFile);
const WANTED = [22, 24, 26];
const TABLE = join(import.meta.dirname, 'fuel-table.mjs');
const SHOWN = 5;

const { values: options } = parseArgs({ options: { install: { type: 'boolean', default: false } } });
const folder = mkdtempSync(join(tmpdir(), 'llama-orch-nodes-'));
try {
  process.exitCode = await compared([process.execPath, ...named(), ...(options.install ? await installed() : [])]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function named() {
  return (process.env.LLORCH_NODES ?? '').split(':').filter((path) => path !== '');
}

/** The newest of each major version that is not here yet, from the registry that npm is set up with. */
async function installed() {
  const have = await Promise.all([process.execPath, ...named()].map(versionOf));
  const missing = WANTED.filter((major) => !have.some((version) => majorOf(version) === major));
  const name = `node-${platform()}-${arch()}`;
  const packages = missing.map((major) => `node-${major}@npm:${name}@${major}`);
  if (packages.length > 0)
    await run('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', ...packages]);
  return missing.map((major) => join(folder, 'node_modules', `node-${major}`, 'bin', 'node'));
}

async function compared(nodes) {
  const tables = [];
  for (const node of nodes) tables.push({ version: await versionOf(node), rows: await fuelTable(node) });
  const [here] = tables;
  const found = tables.map(({ version, rows }) => ({ version, rows, differences: differencesOf(here.rows, rows) }));
  for (const { version, rows, differences } of found) {
    console.log(`${version.padEnd(10)} ${Object.keys(rows).length} rows, ${differences.length} differ`);
    for (const line of differences.slice(0, SHOWN)) console.log(`  ${line}`);
  }
  if (found.some(({ differences }) => differences.length > 0)) return 1;
  const missing = WANTED.filter((major) => !tables.some(({ version }) => majorOf(version) === major));
  if (missing.length === 0) return 0;
  console.log(`not compared: Node ${missing.join(', ')}; name their executables in LLORCH_NODES, or give --install`);
  return 2;
}

function differencesOf(here, there) {
  const names = [...new Set([...Object.keys(here), ...Object.keys(there)])];
  const differing = names.filter((name) => here[name] !== there[name]);
  return differing.map((name) => `${name}: ${here[name]} became ${there[name]}`);
}

async function fuelTable(node) {
  const { stdout } = await run(node, ['--no-warnings', TABLE], { env: {}, maxBuffer: 2 ** 24 });
  return JSON.parse(stdout);
}

async function versionOf(node) {
  return (await run(node, ['--version'])).stdout.trim();
}

function majorOf(version) {
  return Number(version.slice(1).split('.')[0]);
}
