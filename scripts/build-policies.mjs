// Builds the policies that come with llama-orch: policies/<name> to dist/policies/<name>.wasm. What is built from the same
// files as last time is left alone, so that it costs nothing to ask.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensurePolicyBase } from '../sdk/policy/scripts/policy-base.mjs';
import { ROOT } from './build-if-stale.mjs';

const SOURCES = join(ROOT, 'policies');
const TARGET = join(ROOT, 'dist', 'policies');
const RECORD = join(TARGET, 'inputs.json');
/** What goes into a module: the policy, and what the SDK makes of it. */
const SDK_INPUTS = ['sdk/policy/dist', 'sdk/policy/base'];
const POLICY_INPUTS = ['policy.json', 'cases.json', 'src'];
/** Types and maps of the compiler go into no module. */
const IS_INPUT = /(?<!\.d)\.(?:js|ts|wasm)$/;

/** Answers false when a policy does not build; what is wrong is printed. Ask it after the SDK was compiled. */
export async function buildPolicies() {
  if (await ensurePolicyBase()) console.error('Made the base of policies in TypeScript.');
  mkdirSync(TARGET, { recursive: true });
  const record = readRecord();
  const sdk = digestOf(SDK_INPUTS.map((path) => join(ROOT, path)));
  const names = policyNames();
  const wanted = Object.fromEntries(names.map((name) => [name, `${sdk} ${digestOf(inputsOf(name))}`]));
  const stale = names.filter((name) => record[name] !== wanted[name] || !existsSync(moduleOf(name)));
  for (const name of Object.keys(record).filter((old) => !names.includes(old))) rmSync(moduleOf(name), { force: true });
  const built = [];
  for (const name of stale) if (await build(name)) built.push(name);
  const good = names.filter((name) => !stale.includes(name) || built.includes(name));
  replace(RECORD, JSON.stringify(Object.fromEntries(good.map((name) => [name, wanted[name]])), null, 2));
  return good.length === names.length;
}

async function build(name) {
  const { buildPackage } = await import('@llama-orch/policy-sdk/build');
  try {
    const { wasm } = await buildPackage(join(SOURCES, name));
    replace(moduleOf(name), wasm);
    return true;
  } catch (error) {
    console.error(`policies/${name} does not build: ${error.message}`);
    return false;
  }
}

function policyNames() {
  const folders = readdirSync(SOURCES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => name).filter((name) => existsSync(join(SOURCES, name, 'policy.json')));
}

function inputsOf(name) {
  return POLICY_INPUTS.map((path) => join(SOURCES, name, path));
}

function moduleOf(name) {
  return join(TARGET, `${name}.wasm`);
}

function readRecord() {
  try {
    return JSON.parse(readFileSync(RECORD, 'utf8'));
  } catch {
    return {};
  }
}

/** In one step: two builds at once, or a daemon that looks on, never see half a file. */
function replace(file, content) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content);
  renameSync(draft, file);
}

/** One digest over files and folders; times do not count. */
function digestOf(paths) {
  const hash = createHash('sha256');
  for (const file of paths.flatMap(filesAt))
    hash
      .update(`${file.slice(ROOT.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return hash.digest('hex');
}

function filesAt(path) {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined || facts.isFile()) return facts === undefined ? [] : [path];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && IS_INPUT.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = (await buildPolicies()) ? 0 : 1;
}
