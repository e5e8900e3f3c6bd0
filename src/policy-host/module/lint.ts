import { ABI_VERSION, HOST_MODULE, type PolicyHook, type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { MODULE_LIMITS, type PolicyLimits } from '../limits.js';
import { PolicyError, type PolicyErrorCode } from '../policy-error.js';
import { type MeteredBody } from './meter.js';
import { OFFERED_IMPORTS, type OfferedImport } from './offered-imports.js';
import { quoted } from './quoted.js';
import { KIND, VALUE, type FunctionImport, type FunctionType, type WasmModule } from './wasm-module.js';

/** Exports that are called when they are there, each `() -> i32`. */
export const OPTIONAL_EXPORTS = ['validate_config', 'warmup'] as const;
/** Sets up the runtime of a language, once, before anything else; `() -> ()`. */
export const INITIALIZE_EXPORT = '_initialize';

const HOOKS: readonly PolicyHook[] = ['on_request', 'on_response', 'on_admission'];
const HOOK_SIGNATURE = ':i';
const LETTERS: Readonly<Record<number, string>> = { [VALUE.i32]: 'i', [VALUE.i64]: 'I' };

/** Refuses a module that is too large to be looked at. Sizes in bytes. */
export function lintSize(bytes: number): void {
  if (bytes <= MODULE_LIMITS.bytes) return;
  throw refused('POLICY_ABI', `the module has ${bytes} bytes; up to ${MODULE_LIMITS.bytes} are loaded`);
}

/** What a module may be made of, whatever it says of itself; each throws what it finds first. */
export const LINTS: readonly ((module: WasmModule, limits: Pick<PolicyLimits, 'memoryPages'>) => void)[] = [
  lintImports,
  lintExports,
  lintCounts,
  lintTypes,
  lintMemory,
];

/** Refuses functions that would take a compiler seconds: many values kept across many blocks. */
export function lintWork(bodies: readonly MeteredBody[]): void {
  const slots = bodies.reduce((sum, body) => sum + body.slots, 0);
  atMost(slots, MODULE_LIMITS.slots, 'values in locals and on the stack, summed over its blocks');
}

/** What its manifest promises: the hooks, and that it imports only host functions that it asks for. */
export function lintManifest(module: WasmModule, manifest: PolicyManifest): void {
  for (const name of ['describe', ...manifest.hooks]) requireExport(module, name, HOOK_SIGNATURE);
  for (const name of OPTIONAL_EXPORTS) checkExport(module, name, HOOK_SIGNATURE);
  checkExport(module, INITIALIZE_EXPORT, ':');
  const unasked = module.imports.find((one) => one.module === HOST_MODULE && !manifest.capabilities.includes(one.name));
  if (unasked === undefined) return;
  throw refused(
    'POLICY_IMPORT',
    `the module imports ${quoted(unasked.module)} ${quoted(unasked.name)}, which its manifest does not ask for: add it to capabilities`,
  );
}

/** Names of its own functions that the host calls. */
export function calledExports(module: WasmModule, manifest: PolicyManifest): string[] {
  const names = ['describe', ...manifest.hooks, ...OPTIONAL_EXPORTS, INITIALIZE_EXPORT];
  return names.filter((name) => exportOf(module, name) !== undefined);
}

/**
 * Hooks that it exports and that its manifest does not name. Nobody calls them; an interpreter keeps them all the same, so
 * that policies with other hooks run in the same code.
 */
export function otherHooks(module: WasmModule, { hooks }: PolicyManifest): string[] {
  const others = HOOKS.filter((hook) => !hooks.includes(hook) && exportOf(module, hook) !== undefined);
  for (const name of others) checkExport(module, name, HOOK_SIGNATURE);
  return others;
}

/** The minor of ABI 1 that its imports need, as far as they are offered. */
export function neededMinor({ imports }: WasmModule): number {
  return imports.reduce((minor, one) => Math.max(minor, offeredImport(one)?.since ?? 0), 0);
}

/** False for a function that no minor of the ABI knows. */
export function isOffered(wanted: Pick<FunctionImport, 'module' | 'name'>): boolean {
  return offeredImport(wanted) !== undefined;
}

function offeredImport({ module, name }: Pick<FunctionImport, 'module' | 'name'>): OfferedImport | undefined {
  return Object.hasOwn(OFFERED_IMPORTS, module) ? OFFERED_IMPORTS[module]?.[name] : undefined;
}

function lintImports({ imports, types }: WasmModule): void {
  for (const wanted of imports) {
    const signature = offeredImport(wanted)?.signature;
    const what = `the module imports ${quoted(wanted.module)} ${quoted(wanted.name)}`;
    if (signature === undefined) throw refused('POLICY_IMPORT', `${what}; offered are ${offeredBeside(wanted.module)}`);
    const found = signatureOf(types[wanted.type]);
    if (found === signature) continue;
    throw refused('POLICY_IMPORT', `${what} as ${inWords(found)}; it is offered as ${inWords(signature)}`);
  }
}

/** The functions of a module that is known, or else the modules. */
function offeredBeside(module: string): string {
  const functions = Object.hasOwn(OFFERED_IMPORTS, module) ? OFFERED_IMPORTS[module] : undefined;
  if (functions !== undefined) return `${Object.keys(functions).join(', ')} of it (ABI ${ABI_VERSION})`;
  return `functions of ${Object.keys(OFFERED_IMPORTS).join(', ')}`;
}

function lintExports({ exports }: WasmModule): void {
  const reserved = exports.find(({ name }) => name.startsWith('__'));
  if (reserved === undefined) return;
  throw refused(
    'POLICY_ABI',
    `the module exports ${quoted(reserved.name)}; names beginning with __ are the host's: do not export it`,
  );
}

function lintCounts({ functions, bodies, tables, globals }: WasmModule): void {
  atMost(functions.length, MODULE_LIMITS.functions, 'functions');
  atMost(globals.length, MODULE_LIMITS.globals, 'globals');
  atMost(tables.length, MODULE_LIMITS.tables, 'tables');
  for (const { minimum } of tables) atMost(minimum, MODULE_LIMITS.tableEntries, 'entries in a table');
  atMost(
    bodies.reduce((sum, { locals }) => sum + locals, 0),
    MODULE_LIMITS.locals,
    'locals in all functions',
  );
  for (const { from, to } of bodies) atMost(to - from, MODULE_LIMITS.bodyBytes, 'bytes in one function');
}

function lintTypes({ types }: WasmModule): void {
  for (const { parameters, results } of types) {
    atMost(parameters.length, MODULE_LIMITS.parameters, 'parameters of one function or block');
    atMost(results.length, MODULE_LIMITS.results, 'results of one function or block');
  }
}

function lintMemory({ memories: [memory, second] }: WasmModule, limits: Pick<PolicyLimits, 'memoryPages'>): void {
  if (second !== undefined) throw refused('POLICY_ABI', 'the module has more than one memory; one is offered');
  if (memory !== undefined) atMost(memory.minimum, limits.memoryPages, 'pages of memory at its start');
}

function atMost(found: number, offered: number, what: string): void {
  if (found > offered) throw refused('POLICY_ABI', `the module has ${found} ${what}; up to ${offered} are offered`);
}

function requireExport(module: WasmModule, name: string, signature: string): void {
  checkExport(module, name, signature);
  if (exportOf(module, name) !== undefined) return;
  throw refused('POLICY_ABI', `the module does not export ${name}; it has to, as ${inWords(signature)}`);
}

function checkExport(module: WasmModule, name: string, signature: string): void {
  const found = exportOf(module, name);
  if (found === undefined) return;
  const own = found.kind === KIND.function ? found.index - module.imports.length : -1;
  const type = signatureOf(module.types[module.functions[own] ?? -1]);
  if (own >= 0 && type === signature) return;
  const is = own < 0 ? 'something that is not its own function' : inWords(type);
  const offered = inWords(signature);
  throw refused('POLICY_ABI', `the module exports ${name} as ${is}; it has to be its own function ${offered}`);
}

function exportOf({ exports }: WasmModule, wanted: string): WasmModule['exports'][number] | undefined {
  return exports.find(({ name }) => name === wanted);
}

function signatureOf(type: FunctionType | undefined): string {
  const letters = (values: readonly number[] = []): string => values.map((value) => LETTERS[value] ?? '?').join('');
  return `${letters(type?.parameters)}:${letters(type?.results)}`;
}

function inWords(signature: string): string {
  const words: Readonly<Record<string, string>> = { i: 'i32', I: 'i64', '?': 'another type' };
  const list = (letters: string): string => `(${[...letters].map((letter) => words[letter]).join(', ')})`;
  const [parameters = '', results = ''] = signature.split(':');
  return `${list(parameters)} -> ${results.length === 1 ? words[results] : list(results)}`;
}

function refused(code: PolicyErrorCode, message: string): PolicyError {
  return new PolicyError(code, message);
}
