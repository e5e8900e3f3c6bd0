import { type Beginning, beginningOf, zeroGlobals } from './beginning.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { bytesHelper, chargeWriter, elementsHelper, fuelGlobal, pagesHelper } from './code.js';
import { OP } from './instructions.js';
import { type Bulk, type Insertion, type MeteredBody } from './meter.js';
import { KIND, SECTION, VALUE, type Export, type Limits, type Span, type WasmModule } from './wasm-module.js';

export const FUEL_EXPORT = '__fuel';
export const MEMORY_EXPORT = 'memory';
/** What the start section named: the host calls it first, so that it can tell why it failed. */
export const START_EXPORT = '__start';

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** Order of sections that can stand in a core module. */
const ORDER = [
  SECTION.type,
  SECTION.import,
  SECTION.function,
  SECTION.table,
  SECTION.memory,
  SECTION.global,
  SECTION.export,
  SECTION.element,
  SECTION.dataCount,
  SECTION.code,
  SECTION.data,
];
const FUNCTION_FORM = 0x60;
const RESTORABLE: readonly number[] = [VALUE.i32, VALUE.i64, VALUE.f32, VALUE.f64];

export interface RewriteOptions {
  /** What the fuel global holds when the module is instantiated. */
  readonly startFuel: number;
  readonly memoryPages: number;
  readonly tableEntries: number;
  /** Names of functions that stay exported. */
  readonly keep: readonly string[];
  /** Takes out where instances begin, for the host to put it in place, when that can be. Default: false. */
  readonly takesOutBeginning?: boolean;
}

export interface Rewritten {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What was taken out. */
  readonly beginning: Beginning | undefined;
  readonly savedGlobals: readonly string[];
  readonly needsFreshInstance: boolean;
}

/**
 * Writes a valid module anew so that it counts its fuel and stays under its caps. Indexes of what it has stay as they are: the
 * fuel global and the helper functions come behind. Custom sections are left out.
 */
export function rewriteModule(module: WasmModule, bodies: readonly MeteredBody[], options: RewriteOptions): Rewritten {
  const helpers = new Helpers(module, bodies, options.memoryPages);
  const needsFreshInstance = bodies.some((body) => body.isLasting) || hasUnreadableGlobal(module);
  const saved = needsFreshInstance ? [] : savedGlobals(module);
  const beginning = options.takesOutBeginning && !needsFreshInstance ? beginningOf(module) : undefined;
  const written = new Map<number, ByteWriter>([
    [SECTION.type, withTypes(module, helpers)],
    [SECTION.function, withFunctions(module, helpers)],
    [SECTION.table, tables(module, options.tableEntries)],
    [SECTION.memory, memories(module, options.memoryPages)],
    [SECTION.global, globals(module, options.startFuel, beginning)],
    [SECTION.export, exports(module, options.keep, saved)],
    [SECTION.code, code(module, bodies, helpers)],
  ]);
  if (beginning !== undefined) written.set(SECTION.data, new ByteWriter().u32(0));
  return {
    beginning,
    bytes: assemble(module, written),
    savedGlobals: saved.map(({ name }) => name),
    needsFreshInstance,
  };
}

/** Functions behind those of the module that charge for bulk instructions; only those that are needed. */
class Helpers {
  readonly bodies: readonly ByteWriter[];
  private readonly kinds: readonly Bulk[];
  private readonly firstIndex: number;

  constructor(module: WasmModule, bodies: readonly MeteredBody[], capPages: number) {
    const used = new Set(
      bodies.flatMap(({ insertions }) => insertions.flatMap((one) => (one.type === 'bulk' ? one.bulk : []))),
    );
    const fuel = fuelIndex(module);
    this.kinds = [...used].sort();
    this.firstIndex = module.imports.length + module.functions.length;
    this.bodies = this.kinds.map((kind) => {
      if (kind === 'pages') return pagesHelper(fuel, capPages);
      return kind === 'bytes' ? bytesHelper(fuel) : elementsHelper(fuel);
    });
  }

  indexOf(bulk: Bulk): number {
    return this.firstIndex + this.kinds.indexOf(bulk);
  }
}

function fuelIndex(module: WasmModule): number {
  return module.globals.length;
}

/** JavaScript cannot read a vector, nor write back every reference, so no snapshot holds them. */
function hasUnreadableGlobal(module: WasmModule): boolean {
  return module.globals.some(({ type, isMutable }) => isMutable && !RESTORABLE.includes(type));
}

function savedGlobals(module: WasmModule): Export[] {
  return module.globals.flatMap(({ isMutable }, index) =>
    isMutable ? [{ name: `__g${index}`, kind: KIND.global, index }] : [],
  );
}

function withTypes(module: WasmModule, helpers: Helpers): ByteWriter {
  const type = new ByteWriter().byte(FUNCTION_FORM, 1, VALUE.i32, 1, VALUE.i32).done();
  return extended(module, SECTION.type, helpers.bodies.length > 0 ? [type] : []);
}

function withFunctions(module: WasmModule, helpers: Helpers): ByteWriter {
  const type = new ByteWriter().u32(module.types.length).done();
  return extended(
    module,
    SECTION.function,
    helpers.bodies.map(() => type),
  );
}

/** A section with more entries behind its own. */
function extended(module: WasmModule, id: number, entries: readonly Uint8Array[]): ByteWriter {
  const span = module.sections.get(id) ?? { from: 0, to: 0 };
  const reader = new ByteReader(module.bytes, span.from, span.to);
  const count = reader.isDone ? 0 : reader.u32();
  const out = new ByteWriter(span.to - span.from + 64).u32(count + entries.length);
  out.bytes(module.bytes, reader.at, span.to);
  for (const entry of entries) out.bytes(entry);
  return out;
}

function globals(module: WasmModule, startFuel: number, beginning: Beginning | undefined): ByteWriter {
  const fuel = fuelGlobal(startFuel);
  if (beginning === undefined) return extended(module, SECTION.global, [fuel]);
  const out = new ByteWriter().u32(module.globals.length + 1);
  for (const global of zeroGlobals(beginning)) out.bytes(global);
  return out.bytes(fuel);
}

function tables(module: WasmModule, cap: number): ByteWriter {
  const out = new ByteWriter().u32(module.tables.length);
  for (const table of module.tables) writeLimits(out.byte(table.element), table, cap);
  return out;
}

function memories(module: WasmModule, cap: number): ByteWriter {
  const out = new ByteWriter().u32(module.memories.length);
  for (const memory of module.memories) writeLimits(out, memory, cap);
  return out;
}

function writeLimits(out: ByteWriter, { minimum, maximum }: Limits, cap: number): void {
  out
    .byte(1)
    .u32(minimum)
    .u32(Math.min(maximum ?? cap, cap));
}

function exports(module: WasmModule, keep: readonly string[], saved: readonly Export[]): ByteWriter {
  const functions = module.exports.filter(({ name, kind }) => kind === KIND.function && keep.includes(name));
  const memory = module.memories.map((_, index) => ({ name: MEMORY_EXPORT, kind: KIND.memory, index }));
  const fuel = { name: FUEL_EXPORT, kind: KIND.global, index: fuelIndex(module) };
  const all = [...functions, ...memory, fuel, ...started(module), ...saved];
  const out = new ByteWriter().u32(all.length);
  for (const { name, kind, index } of all) out.name(name).byte(kind).u32(index);
  return out;
}

function started({ bytes, sections }: WasmModule): Export[] {
  const span = sections.get(SECTION.start);
  if (span === undefined) return [];
  return [{ name: START_EXPORT, kind: KIND.function, index: new ByteReader(bytes, span.from, span.to).u32() }];
}

function code(module: WasmModule, bodies: readonly MeteredBody[], helpers: Helpers): ByteWriter {
  const span = module.sections.get(SECTION.code) ?? { from: 0, to: 0 };
  const out = new ByteWriter(2 * (span.to - span.from) + 64).u32(bodies.length + helpers.bodies.length);
  const writeCharge = chargeWriter(fuelIndex(module));
  const write = (to: ByteWriter, insertion: Insertion): void => {
    if (insertion.type === 'charge') writeCharge(to, insertion.cost);
    else to.byte(OP.call).u32(helpers.indexOf(insertion.bulk));
  };
  for (const [index, { insertions }] of bodies.entries()) {
    const body = module.bodies[index];
    if (body !== undefined) out.sized(meteredBody(module.bytes, body, insertions, write));
  }
  for (const helper of helpers.bodies) out.sized(helper);
  return out;
}

/** The body with something written in front of each place. */
function meteredBody(
  bytes: Uint8Array,
  { from, to }: Span,
  insertions: readonly Insertion[],
  write: (to: ByteWriter, insertion: Insertion) => void,
): ByteWriter {
  const out = new ByteWriter(to - from + 24 * insertions.length);
  let copied = from;
  for (const insertion of insertions) {
    out.bytes(bytes, copied, insertion.at);
    copied = insertion.at;
    write(out, insertion);
  }
  return out.bytes(bytes, copied, to);
}

/** Sections of no entries are legal, so none is left out. */
function assemble(module: WasmModule, written: ReadonlyMap<number, ByteWriter>): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter(2 * module.bytes.length + 128).byte(...HEADER);
  for (const id of ORDER) {
    const own = module.sections.get(id);
    const section = written.get(id) ?? (own && new ByteWriter().bytes(module.bytes, own.from, own.to));
    if (section !== undefined) out.byte(id).sized(section);
  }
  return out.done();
}
