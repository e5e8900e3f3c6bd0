import { createHash } from 'node:crypto';
import { LANGUAGE_SECTION, MANIFEST_SECTION, type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { DEFAULT_LIMITS, MODULE_LIMITS, type PolicyLanguage, type PolicyLimits } from '../limits.js';
import { PolicyError } from '../policy-error.js';
import { calledExports, lintManifest, LINTS, lintSize, lintWork, otherHooks } from './lint.js';
import { parseManifest } from './manifest.js';
import { meterModule } from './meter.js';
import { type PreparedModule } from './prepared-module.js';
import { readModule } from './read-module.js';
import { rewriteModule } from './rewrite.js';
import { type WasmModule } from './wasm-module.js';

const CORE_HEADER = '0061736d01000000';
const COMPONENT_HEADER = '0061736d0d000100';

/**
 * Checks a module and rewrites it so that it cannot take more than its limits; `overrides` go over the defaults of its
 * language. A module that may not be loaded is a {@link PolicyError} with `POLICY_IMPORT` or `POLICY_ABI` that says what was
 * found and what is offered. The result depends on the arguments alone.
 */
export function prepareModule(bytes: Uint8Array, overrides: Partial<PolicyLimits> = {}): PreparedModule {
  lintSize(bytes.length);
  // A copy: nobody changes it between the checks and the rewriting.
  const own = Uint8Array.from(bytes);
  const module = readCoreModule(own);
  const language = languageOf(module);
  const limits = { ...DEFAULT_LIMITS[language], ...overrides };
  for (const lint of LINTS) lint(module, limits);
  validate(own);
  const manifest = manifestOf(module);
  lintManifest(module, manifest);
  const bodies = meterModule(module);
  lintWork(bodies);
  const exports = calledExports(module, manifest);
  const { tableEntries } = MODULE_LIMITS;
  const isInterpreter = language === 'javascript';
  const keep = isInterpreter ? [...exports, ...otherHooks(module, manifest)] : exports;
  const rewritten = rewriteModule(module, bodies, { ...limits, tableEntries, keep, takesOutBeginning: isInterpreter });
  return {
    digest: digestOf(own),
    bytes: rewritten.bytes,
    module: compile(rewritten.bytes),
    beginning: rewritten.beginning,
    manifest,
    language,
    limits,
    exports,
    imports: module.imports.map(({ module: from, name }) => ({ module: from, name })),
    savedGlobals: rewritten.savedGlobals,
    needsFreshInstance: rewritten.needsFreshInstance,
    memoryPages: module.memories[0]?.minimum ?? 0,
  };
}

/** `sha256:<hex>` of a module as it is on disk. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Reads a module whose first bytes are those of a core module. */
export function readCoreModule(bytes: Uint8Array): WasmModule {
  const header = Buffer.from(bytes.subarray(0, CORE_HEADER.length / 2)).toString('hex');
  if (header === COMPONENT_HEADER) throw invalid('is a component; core WebAssembly modules are loaded');
  if (header !== CORE_HEADER) throw invalid('does not begin like a WebAssembly module of version 1');
  return readModule(bytes);
}

/**
 * Refuses what the engine would refuse. It has to stand before the rewriting: a module that writes to a global that does not
 * exist is invalid now, and would be valid and could refill its fuel once the fuel global stands there.
 */
export function validate(bytes: Uint8Array<ArrayBuffer>): true {
  if (WebAssembly.validate(bytes)) return true;
  throw invalid('is not valid WebAssembly');
}

/** What the module says it is made of; an interpreter gets larger default limits. */
export function languageOf(module: WasmModule): PolicyLanguage {
  const [text] = textsOf(module, LANGUAGE_SECTION);
  return text === 'javascript' ? 'javascript' : 'compiled';
}

/** The manifest in the custom section, which must be there once. */
export function manifestOf(module: WasmModule): PolicyManifest {
  const [text, second] = textsOf(module, MANIFEST_SECTION);
  if (text === undefined) throw invalid(`has no custom section ${MANIFEST_SECTION} with its manifest`);
  if (second !== undefined) throw invalid(`has more than one custom section ${MANIFEST_SECTION}`);
  return parseManifest(text);
}

function textsOf(module: WasmModule, section: string): string[] {
  const found = module.customs.filter(({ name }) => name === section);
  return found.map(({ from, to }) => new TextDecoder().decode(module.bytes.subarray(from, to)));
}

function compile(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    throw new PolicyError('POLICY_ABI', 'the module is too large for the engine once its fuel is counted', { cause });
  }
}

function invalid(what: string): PolicyError {
  return new PolicyError('POLICY_ABI', `the module ${what}`);
}
