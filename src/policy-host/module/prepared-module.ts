import { type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { type PolicyLanguage, type PolicyLimits } from '../limits.js';
import { type Beginning } from './beginning.js';

/**
 * A module that was checked and rewritten: it counts its own fuel in the exported global `__fuel` (mutable i64, traps when
 * it falls below 0) and cannot grow its memory over the cap. What its start section named is exported as `__start`, for the
 * host to call first. Plain values, so that it can go to a worker.
 */
export interface PreparedModule {
  /** `sha256:<hex>` of the original bytes. */
  readonly digest: string;
  /** The rewritten bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Compiled from `bytes`; structured clones share the code. */
  readonly module: WebAssembly.Module;
  /** Put into each new instance; undefined when the module holds it itself. */
  readonly beginning: Beginning | undefined;
  /** From the custom section. `describe` must answer the same. */
  readonly manifest: PolicyManifest;
  /** An interpreter (the base of the TypeScript build) or anything else; decides the default limits. */
  readonly language: PolicyLanguage;
  readonly limits: PolicyLimits;
  /** Names of its own functions that it exports: `describe`, hooks, `validate_config`, `warmup`, `_initialize`. */
  readonly exports: readonly string[];
  /** Functions that it imports, by module and name. */
  readonly imports: readonly { readonly module: string; readonly name: string }[];
  /** Exports under which every other mutable global can be saved and restored: `__g0`, `__g1`, … */
  readonly savedGlobals: readonly string[];
  /** It changes tables or drops segments, which no snapshot undoes: each call gets a new instance. */
  readonly needsFreshInstance: boolean;
  /** Linear memory at its start, in pages of 64 KiB. */
  readonly memoryPages: number;
}
