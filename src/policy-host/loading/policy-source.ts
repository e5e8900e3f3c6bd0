import { basename, isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type PolicyEntry } from '../../config/index.js';

/** Where the modules of the built-in policies are put by the build; two folders up from `src` and from `dist` alike. */
const BUILTINS = new URL('../../../dist/policies/', import.meta.url);

/** One entry of `policies`, and the file behind it. */
export interface PolicySource {
  readonly entry: PolicyEntry;
  /** Place in the chain. */
  readonly index: number;
  /** What messages call it before its own name is known. */
  readonly label: string;
  /** What operators see: `builtin:<name>`, or the name of the file. */
  readonly shown: string;
  /** Absolute path of the module. */
  readonly file: string;
  /** It comes with llama-orch and is trusted like the daemon itself. */
  readonly isBuiltin: boolean;
}

/** @param baseFolder where relative paths of the config start */
export function policySource(entry: PolicyEntry, index: number, baseFolder: string): PolicySource {
  const { builtin, path = '' } = entry;
  const isBuiltin = builtin !== undefined;
  return {
    entry,
    index,
    label: entry.id ?? builtin ?? basename(path),
    shown: isBuiltin ? `builtin:${builtin}` : basename(path),
    file: isBuiltin ? builtinFile(builtin) : isAbsolute(path) ? path : resolve(baseFolder, path),
    isBuiltin,
  };
}

/** The module of a built-in policy. */
export function builtinFile(name: string): string {
  return fileURLToPath(new URL(`${name}.wasm`, BUILTINS));
}
