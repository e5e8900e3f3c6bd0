// Makes base/policy-base.wasm: QuickJS with our glue around it, which the TypeScript build puts policies into. Needs the development
// dependencies quickjs-wasi, wabt and binaryen; a published SDK carries the results instead.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), '..');
const BASE = join(PACKAGE, 'base');
const FILE = 'policy-base.wasm';
const RECORD = join(BASE, 'inputs.sha256');
const PARTS = ['glue', 'wasi', 'host'];
const TOOLS = ['quickjs-wasi', 'wabt', 'binaryen'];

const EXPORT_SECTION = 7;
/**
 * Drops what nothing calls, and keeps the order of the imports, which the build of a policy relies on; no more is
 * optimised, as QuickJS already is.
 */
const STRIP = ['--remove-unused-module-elements', '--strip-debug', '--strip-producers'];

/** What the build of a policy calls. */
const KEPT_EXPORTS = [
  ...['memory', '__stack_pointer', 'glue_state', 'ask', '_initialize', 'wasm_malloc', 'wasm_free', 'glue_init'],
  ...['describe', 'validate_config', 'on_request', 'on_response', 'on_admission'],
  ...['qjs_init', 'qjs_run_gc', 'qjs_set_gc_threshold', 'qjs_compile', 'qjs_eval_bytecode', 'qjs_is_exception'],
  ...['qjs_get_exception', 'qjs_get_string', 'qjs_get_global', 'qjs_get_prop_string', 'qjs_set_prop_string'],
  ...['qjs_new_string', 'qjs_new_host_function', 'qjs_call', 'qjs_get_undefined', 'qjs_free_value', 'qjs_free_cstring'],
];

/** What every engine since Node 22 has; with all features switched on, binaryen writes encodings that older ones refuse. */
const FEATURES = ['bulk-memory', 'bulk-memory-opt', 'mutable-globals', 'nontrapping-float-to-int', 'sign-ext'];
const FLAGS = ['--mvp-features', ...FEATURES.map((feature) => `--enable-${feature}`)];

/** Makes what is not there or was made from other inputs. Answers whether it had to. */
export async function ensurePolicyBase() {
  const inputs = inputsHash();
  if (inputs === readRecord()) return false;
  mkdirSync(BASE, { recursive: true });
  const work = mkdtempSync(join(BASE, '.work-'));
  try {
    for (const name of PARTS) await assemble(name, work);
    await makeBase(work);
    renameSync(join(work, FILE), join(BASE, FILE));
    writeFileSync(join(work, 'record'), inputs);
    renameSync(join(work, 'record'), RECORD);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return true;
}

function inputsHash() {
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  for (const name of PARTS) hash.update(watOf(name));
  for (const tool of TOOLS) hash.update(`${tool}@${versionOf(tool)} `);
  return hash.digest('hex');
}

function watOf(name) {
  return readFileSync(join(PACKAGE, 'glue', `${name}.wat`), 'utf8');
}

function versionOf(tool) {
  return JSON.parse(readFileSync(join(folderOf(tool), 'package.json'), 'utf8')).version;
}

function readRecord() {
  return existsSync(RECORD) ? readFileSync(RECORD, 'utf8') : undefined;
}

/** Its package.json may not be exported, so the folder is looked for where packages are. */
function folderOf(tool) {
  const places = createRequire(import.meta.url).resolve.paths(tool) ?? [];
  const found = places.map((place) => join(place, tool)).find((folder) => existsSync(join(folder, 'package.json')));
  if (found === undefined) {
    throw new Error(
      `${tool} is not installed, and the base of TypeScript policies is made with it; run npm ci in the repository`,
    );
  }
  return found;
}

async function assemble(name, work) {
  const { default: wabt } = await import('wabt');
  const module = (await wabt()).parseWat(`${name}.wat`, watOf(name));
  writeFileSync(join(work, `${name}.wasm`), module.toBinary({}).buffer);
  module.destroy();
}

async function makeBase(work) {
  const [merged, trimmed] = ['merged.wasm', 'trimmed.wasm'].map((file) => join(work, file));
  await binaryen('wasm-merge', [...mergedModules(work), '-o', merged, '--rename-export-conflicts']);
  writeFileSync(trimmed, keepExports(readFileSync(merged)));
  await binaryen('wasm-opt', [...STRIP, trimmed, '-o', join(work, FILE)]);
}

/** Each module, and the name that the others import it by. */
function mergedModules(work) {
  const quickjs = join(folderOf('quickjs-wasi'), 'quickjs.wasm');
  const ours = { glue: 'env', wasi: 'wasi_snapshot_preview1', host: 'host' };
  return [quickjs, 'qjs', ...Object.entries(ours).flatMap(([part, name]) => [join(work, `${part}.wasm`), name])];
}

/** The module with fewer exports. */
function keepExports(module) {
  for (let at = 8; at < module.length;) {
    const [length, start] = readU32(module, at + 1);
    const end = start + length;
    if (module[at] === EXPORT_SECTION) {
      const content = exportsKept(module.subarray(start, end));
      return Buffer.concat([module.subarray(0, at + 1), u32(content.length), content, module.subarray(end)]);
    }
    at = end;
  }
  throw new Error('QuickJS exports nothing; is quickjs-wasi installed whole?');
}

function exportsKept(section) {
  const kept = [];
  let [count, at] = readU32(section, 0);
  for (; count > 0; count -= 1) {
    const [length, start] = readU32(section, at);
    const [, end] = readU32(section, start + length + 1);
    if (KEPT_EXPORTS.includes(section.toString('utf8', start, start + length))) kept.push(section.subarray(at, end));
    at = end;
  }
  return Buffer.concat([u32(kept.length), ...kept]);
}

function readU32(bytes, at) {
  const low = bytes[at] & 0x7f;
  if (bytes[at] < 0x80) return [low, at + 1];
  const [high, next] = readU32(bytes, at + 1);
  return [low + high * 128, next];
}

function u32(value) {
  return Buffer.from(value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...u32(value >>> 7)]);
}

async function binaryen(tool, args) {
  await run(process.execPath, [join(folderOf('binaryen'), 'bin', tool), ...FLAGS, ...args]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await ensurePolicyBase();
