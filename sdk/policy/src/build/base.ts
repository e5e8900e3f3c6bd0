import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { PolicyBuildError } from './build-error.js';

/** Compiled once per process: compiling takes longer than all the rest of a build. */
export interface Base {
  readonly bytes: Uint8Array;
  readonly module: WebAssembly.Module;
}

/** Both places are two folders below the package, compiled or not. */
const FILE = new URL('../../base/policy-base.wasm', import.meta.url);
const MAKER = new URL('../../scripts/policy-base.mjs', import.meta.url);
let base: Promise<Base> | undefined;

/** QuickJS with our glue around it. */
export function loadBase(): Promise<Base> {
  return (base ??= read());
}

async function read(): Promise<Base> {
  // The published package carries the base; in the repository it is made, when it is first needed, from what lies there.
  if (existsSync(MAKER))
    await ((await import(MAKER.href)) as { ensurePolicyBase(): Promise<boolean> }).ensurePolicyBase();
  if (!existsSync(FILE))
    throw new PolicyBuildError('The base of TypeScript policies is missing; install @llama-orch/policy-sdk anew.');
  // Not a Buffer: its slices are views, and changing one would change the base of all later builds.
  const bytes = new Uint8Array(await readFile(FILE));
  return { bytes, module: await WebAssembly.compile(bytes) };
}
