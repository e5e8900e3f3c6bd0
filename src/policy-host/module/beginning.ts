import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { OP } from './instructions.js';
import { SECTION, VALUE, type WasmModule } from './wasm-module.js';

type Exports = Readonly<Record<string, WebAssembly.ExportValue>>;

/** What memory and globals of an instance hold before anything of its module has run. */
export interface Beginning {
  /** Content of a data section, all of whose segments are active. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Values of all globals by their index. */
  readonly globals: readonly number[];
}

const ACTIVE = 0;

/**
 * Where instances of a module begin, as far as that can be taken out of it; undefined when it cannot. Policies in TypeScript
 * are one interpreter, each with another beginning. Without it their modules are the same bytes, which the engine compiles
 * once, and a chain runs through the same code again instead of through another copy of it.
 */
export function beginningOf(module: WasmModule): Beginning | undefined {
  // Announced numbers of segments are for instructions that use them later.
  const isPlain = module.memories.length === 1 && !module.sections.has(SECTION.dataCount);
  const data = module.sections.get(SECTION.data);
  if (!isPlain || data === undefined) return undefined;
  const globals = globalsOf(module);
  const isWritable = segmentsOf(new ByteReader(module.bytes, data.from, data.to)) !== undefined;
  return globals && isWritable ? { data: module.bytes.slice(data.from, data.to), globals } : undefined;
}

/** Makes an instance begin there. @throws RangeError when its memory is too small, as instantiating would */
export function begin({ data, globals }: Beginning, exports: Exports): void {
  const memory = new Uint8Array((exports['memory'] as WebAssembly.Memory).buffer);
  for (const { at, bytes } of segmentsOf(new ByteReader(data)) ?? []) memory.set(bytes, at);
  for (const [index, value] of globals.entries()) (exports[`__g${index}`] as WebAssembly.Global).value = value;
}

/** A global section as that of the module, with zeros for all values. */
export function zeroGlobals({ globals }: Beginning): Uint8Array[] {
  return globals.map(() => new ByteWriter().byte(VALUE.i32, 1, OP.i32Const, 0, OP.end).done());
}

/** Undefined unless all of them are mutable and of one constant. */
function globalsOf({ bytes, sections, globals }: WasmModule): number[] | undefined {
  if (!globals.every(({ type, isMutable }) => isMutable && type === VALUE.i32)) return undefined;
  const span = sections.get(SECTION.global);
  if (span === undefined) return [];
  const reader = new ByteReader(bytes, span.from, span.to);
  const values = reader.list(() => {
    reader.skip(2);
    return constantOf(reader);
  });
  return values.every((value) => value !== undefined) ? values : undefined;
}

/** Undefined when one of them is not put in place at the start. */
function segmentsOf(reader: ByteReader): { at: number; bytes: Uint8Array }[] | undefined {
  const segments: { at: number; bytes: Uint8Array }[] = [];
  for (let left = reader.u32(); left > 0; left -= 1) {
    const at = reader.u32() === ACTIVE ? constantOf(reader) : undefined;
    if (at === undefined) return undefined;
    const content = reader.part(reader.u32());
    segments.push({ at: at >>> 0, bytes: content.bytes.subarray(content.at, content.end) });
  }
  return segments;
}

/** Of an expression that is `i32.const` alone. */
function constantOf(reader: ByteReader): number | undefined {
  if (reader.byte() !== OP.i32Const) return undefined;
  const value = reader.i32();
  return reader.byte() === OP.end ? value : undefined;
}
