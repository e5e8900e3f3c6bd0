import { gzipSync } from 'node:zlib';
import { type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { DEFAULT_LIMITS, MODULE_LIMITS, type PolicyLanguage } from '../limits.js';
import { PolicyError, type PolicyErrorCode } from '../policy-error.js';
import { calledExports, isOffered, lintManifest, LINTS, lintSize, lintWork, neededMinor } from './lint.js';
import { digestOf, languageOf, manifestOf, readCoreModule, validate } from './prepare.js';
import { meterModule } from './meter.js';
import { rewriteModule } from './rewrite.js';
import { type Limits, type WasmModule } from './wasm-module.js';

/** Facts of a module, and everything that would keep it from being loaded. Sizes in bytes, memory in pages of 64 KiB. */
export interface ModuleFacts {
  /** `sha256:<hex>`. */
  readonly digest: string;
  readonly bytes: number;
  readonly gzipBytes: number;
  /** Empty when it can be loaded. */
  readonly problems: readonly { readonly code: PolicyErrorCode; readonly message: string }[];
  /** Undefined when the bytes are no core module. */
  readonly contents: ModuleContents | undefined;
}

export interface ModuleContents {
  readonly language: PolicyLanguage;
  /** The lowest ABI that offers all its imports. */
  readonly neededAbi: string;
  readonly imports: readonly { readonly module: string; readonly name: string; readonly isOffered: boolean }[];
  readonly exports: readonly { readonly name: string; readonly kind: string }[];
  readonly functions: number;
  readonly memory: Limits | undefined;
  readonly customSections: readonly { readonly name: string; readonly bytes: number }[];
  readonly manifest: PolicyManifest | undefined;
  /** What rewriting makes of it. */
  readonly metered: MeteredFacts | undefined;
}

export interface MeteredFacts {
  readonly bytes: number;
  /** Places where fuel is charged. */
  readonly sites: number;
  readonly needsFreshInstance: boolean;
  readonly savedGlobals: number;
}

const KIND_NAMES = ['function', 'table', 'memory', 'global', 'tag'];

/** Looks at any bytes; what is wrong with them is among the facts and never thrown. */
export function inspectModule(bytes: Uint8Array): ModuleFacts {
  const problems: { code: PolicyErrorCode; message: string }[] = [];
  const attempt = <Result>(work: () => Result): Result | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      problems.push({ code: error.code, message: error.message });
      return undefined;
    }
  };
  const own = Uint8Array.from(bytes);
  attempt(() => lintSize(own.length));
  const module = attempt(() => readCoreModule(own));
  const contents = module && contentsOf(module, own, attempt);
  return { digest: digestOf(own), bytes: own.length, gzipBytes: gzipSync(own).length, problems, contents };
}

type Attempt = <Result>(work: () => Result) => Result | undefined;

function contentsOf(module: WasmModule, bytes: Uint8Array<ArrayBuffer>, attempt: Attempt): ModuleContents {
  const language = languageOf(module);
  for (const lint of LINTS) attempt(() => lint(module, DEFAULT_LIMITS[language]));
  const isValid = attempt(() => validate(bytes)) ?? false;
  const manifest = attempt(() => manifestOf(module));
  if (manifest !== undefined) attempt(() => lintManifest(module, manifest));
  return {
    language,
    neededAbi: `1.${neededMinor(module)}`,
    imports: module.imports.map((one) => ({ module: one.module, name: one.name, isOffered: isOffered(one) })),
    exports: module.exports.map(({ name, kind }) => ({ name, kind: KIND_NAMES[kind] ?? 'unknown' })),
    functions: module.functions.length,
    memory: module.memories[0],
    customSections: module.customs.map(({ name, from, to }) => ({ name, bytes: to - from })),
    manifest,
    metered: isValid ? attempt(() => meteredFacts(module, language, manifest)) : undefined,
  };
}

function meteredFacts(module: WasmModule, language: PolicyLanguage, manifest?: PolicyManifest): MeteredFacts {
  const keep = manifest === undefined ? [] : calledExports(module, manifest);
  const { tableEntries } = MODULE_LIMITS;
  const bodies = meterModule(module);
  lintWork(bodies);
  const rewritten = rewriteModule(module, bodies, { ...DEFAULT_LIMITS[language], tableEntries, keep });
  return {
    bytes: rewritten.bytes.length,
    sites: bodies.reduce((sum, { insertions }) => sum + insertions.length, 0),
    needsFreshInstance: rewritten.needsFreshInstance,
    savedGlobals: rewritten.savedGlobals.length,
  };
}
