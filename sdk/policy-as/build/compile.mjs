// @ts-check
import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Name of the file that is made up: it answers `describe` with the manifest. */
const DESCRIBE = 'llama-orch-describe';
const GLUE = '@llama-orch/policy-as';
/** No hook of its own takes part: a bump arena is right, since the host puts the memory back after each call. */
const FLAGS = ['--runtime', 'stub', '--optimizeLevel', '2', '--shrinkLevel', '1'];

/**
 * Compiles a policy written in AssemblyScript.
 * @param {string} folder package of the policy
 * @param {string} entry its main file, from there; exports the hooks
 * @param {object} manifest what `describe` answers
 * @returns {Promise<Uint8Array<ArrayBuffer>>} the module, without the section that holds the manifest
 * @throws {Error} with the messages of the compiler
 */
export async function compile(folder, entry, manifest) {
  const { default: asc } = await import(compilerOf(folder));
  /** @type {Uint8Array<ArrayBuffer> | undefined} */
  let wasm;
  const messages = [];
  const { error } = await asc.main(
    [entry, `${DESCRIBE}.ts`, '--baseDir', folder, '--outFile', 'policy.wasm', '--use', `abort=${ABORT}`, ...FLAGS],
    {
      readFile: (/** @type {string} */ name, /** @type {string} */ base) => source(name, base, manifest),
      writeFile: (/** @type {string} */ name, /** @type {Uint8Array<ArrayBuffer>} */ content) => {
        if (name.endsWith('.wasm')) wasm = content;
      },
      stderr: { write: (/** @type {string} */ text) => messages.push(text) },
    },
  );
  if (error || wasm === undefined) throw new Error(`${entry} does not compile:\n${messages.join('').trim()}`);
  return wasm;
}

const ABORT = `~lib/${GLUE}/assembly/abi/fail/fail`;

/** The compiler of the policy's own package, or the one beside this package. @param {string} folder */
function compilerOf(folder) {
  const manifest = packageOf(pathToFileURL(join(folder, 'package.json'))) ?? packageOf(new URL(import.meta.url));
  if (manifest === undefined)
    throw new Error('the AssemblyScript compiler is not there; run npm install --save-dev assemblyscript@0.28.20');
  return pathToFileURL(join(dirname(manifest), 'dist', 'asc.js')).href;
}

/** @param {URL} base */
function packageOf(base) {
  try {
    return findPackageJSON('assemblyscript', base);
  } catch {
    return undefined;
  }
}

/** @param {string} name @param {string} base @param {object} manifest */
async function source(name, base, manifest) {
  if (name === `${DESCRIBE}.ts`) return describeSource(manifest);
  const own = ownFile(name);
  try {
    return await readFile(own ?? resolve(base, name), 'utf8');
  } catch {
    return null;
  }
}

/** This package is found wherever it lies, linked or installed. @param {string} name */
function ownFile(name) {
  const [, inside] = name.replaceAll('\\', '/').split(`node_modules/${GLUE}/`);
  return inside === undefined ? undefined : join(dirname(import.meta.dirname), inside);
}

/** The manifest as bytes in the module's data: no text is encoded when it is asked for. @param {object} manifest */
function describeSource(manifest) {
  const bytes = Buffer.from(JSON.stringify(manifest));
  return `import { writeOutput } from '${GLUE}/assembly/abi/blocks';
import { fail } from '${GLUE}/assembly/abi/fail';
const MANIFEST = memory.data<u8>([${[...bytes].join(',')}]);
export function describe(): i32 {
  writeOutput(MANIFEST, ${bytes.length});
  return 0;
}
`;
}
