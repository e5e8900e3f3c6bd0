// Regenerates every file that is derived from another one; with --check only compares and fails on a difference.
//   contracts/openapi/*.yaml        -> contracts/generated/*.json          (self-contained, what the daemon serves)
//   contracts/generated/*.json      -> sdk/client/src/generated/*.ts       (types of the wire)
//   dist/config/print-schema.js     -> contracts/config.schema.json        (only when the daemon is built)
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import { parse } from 'yaml';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const CONFIG_PRINTER = 'dist/config/print-schema.js';
const DOCUMENTS = [
  { source: 'orchqueue', bundle: 'data' },
  { source: 'control', bundle: 'control' },
];
const NOTICE = '// Generated from contracts/openapi by `npm run generate`; edit the contract instead.\n\n';

/** Every generated file: path from the root -> content. */
async function generateAll() {
  const files = new Map();
  for (const { source, bundle } of DOCUMENTS) {
    const document = bundleDocument(source);
    files.set(`contracts/generated/${bundle}.json`, `${JSON.stringify(document, null, 2)}\n`);
    files.set(`sdk/client/src/generated/${source}.ts`, await typesOf(document));
  }
  if (existsSync(join(ROOT, CONFIG_PRINTER))) files.set('contracts/config.schema.json', printConfigSchema());
  return files;
}

async function typesOf(document) {
  const nodes = await openapiTS(structuredClone(document), { alphabetize: false, immutable: true });
  return NOTICE + astToString(nodes);
}

function printConfigSchema() {
  return execFileSync(process.execPath, [join(ROOT, CONFIG_PRINTER)], { encoding: 'utf8' });
}

/** Reads a document and takes in every component it borrows from another one, so that nothing points outside. */
function bundleDocument(name) {
  const document = readContract(name);
  localizeReferences(document, name, (file, pointer) => borrowComponent(document, name, file, pointer));
  return document;
}

function readContract(name) {
  return parse(readFileSync(join(ROOT, 'contracts/openapi', `${name}.yaml`), 'utf8'));
}

/** Turns `./file.yaml#/pointer` below a node of `file` into `#/pointer` and tells which component of which file is needed. */
function localizeReferences(node, file, need) {
  if (node === null || typeof node !== 'object') return;
  if (typeof node.$ref === 'string') {
    const [path, pointer] = node.$ref.split('#');
    need(path === '' ? file : path.replace(/^\.\/|\.yaml$/g, ''), pointer);
    node.$ref = `#${pointer}`;
  }
  for (const child of Object.values(node)) localizeReferences(child, file, need);
}

function borrowComponent(document, home, file, pointer) {
  const [, , section, name] = pointer.split('/');
  const target = (document.components[section] ??= {});
  if (file === home || name in target) return;
  target[name] = structuredClone(readContract(file).components[section][name]);
  localizeReferences(target[name], file, (from, inner) => borrowComponent(document, home, from, inner));
}

const isCheck = process.argv.includes('--check');
const stale = [];
for (const [path, content] of await generateAll()) {
  const absolute = join(ROOT, path);
  if (existsSync(absolute) && readFileSync(absolute, 'utf8') === content) continue;
  stale.push(path);
  if (isCheck) continue;
  mkdirSync(dirname(absolute), { recursive: true });
  writeFileSync(absolute, content);
}

if (isCheck && stale.length > 0) {
  console.error(`out of date: ${stale.join(', ')}; run \`npm run generate\` and keep the result`);
  process.exitCode = 1;
} else {
  console.log(stale.length === 0 ? 'generated files are up to date' : `${isCheck ? '' : 'wrote '}${stale.join(', ')}`);
}
