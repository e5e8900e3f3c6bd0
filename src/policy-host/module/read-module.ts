import { MODULE_LIMITS } from '../limits.js';
import { PolicyError } from '../policy-error.js';
import { ByteReader } from './byte-reader.js';
import { quoted } from './quoted.js';
import { OP, readOpcode, skipImmediates } from './instructions.js';
import {
  KIND,
  SECTION,
  VALUE,
  type Body,
  type CustomSection,
  type Export,
  type FunctionImport,
  type FunctionType,
  type Global,
  type Limits,
  type Span,
  type Table,
  type WasmModule,
} from './wasm-module.js';

const HEADER_BYTES = 8;
const FUNCTION_TYPE = 0x60;
const TABLE_WITH_INITIAL_VALUE = 0x40;
const KIND_NAMES = ['function', 'table', 'memory', 'global', 'tag'];
const NUMBERS_AND_VECTORS: readonly number[] = [VALUE.i32, VALUE.i64, VALUE.f32, VALUE.f64, VALUE.v128];
const REFERENCES: readonly number[] = [VALUE.funcref, VALUE.externref];

/**
 * Takes apart any bytes that begin like a core module, in time linear to their number. Whatever is not core WebAssembly 2.0
 * with plain memories and tables, or imports more than functions, is `POLICY_ABI` or `POLICY_IMPORT`. The instructions of
 * functions are not looked at, and that all parts fit each other is left to `WebAssembly.validate`.
 */
export function readModule(bytes: Uint8Array): WasmModule {
  const { sections, customs } = splitSections(bytes);
  const read = <Item>(id: number, item: (reader: ByteReader, index: number) => Item): Item[] => {
    const span = sections.get(id);
    if (span === undefined) return [];
    const reader = new ByteReader(bytes, span.from, span.to);
    atMost(new ByteReader(bytes, span.from, span.to).u32(), `entries in section ${id}`);
    return reader.list((index) => item(reader, index));
  };
  const imports = read(SECTION.import, readImport);
  const functions = read(SECTION.function, (reader) => reader.u32());
  let importsInTables = false;
  read(SECTION.element, (reader) => {
    importsInTables = readElementSegment(reader, imports.length) || importsInTables;
  });
  return {
    bytes,
    sections,
    customs,
    imports,
    importsInTables,
    types: read(SECTION.type, readType),
    functions,
    tables: read(SECTION.table, readTable),
    memories: read(SECTION.memory, readMemory),
    globals: read(SECTION.global, readGlobal),
    exports: read(SECTION.export, readExport),
    bodies: read(SECTION.code, (reader, index) => readBody(reader, functions[index] ?? -1)),
  };
}

function splitSections(bytes: Uint8Array): { sections: Map<number, Span>; customs: CustomSection[] } {
  const reader = new ByteReader(bytes, HEADER_BYTES);
  const sections = new Map<number, Span>();
  const customs: CustomSection[] = [];
  while (!reader.isDone) {
    const id = reader.byte();
    const content = reader.part(reader.u32());
    atMost(customs.length, 'custom sections');
    if (id === SECTION.custom) customs.push({ name: content.name(), from: content.at, to: content.end });
    else if (id > SECTION.dataCount) throw refused(id === 13 ? 'exceptions' : `a section of the unknown kind ${id}`);
    else sections.set(id, { from: content.at, to: content.end });
  }
  return { sections, customs };
}

function readType(reader: ByteReader, index: number): FunctionType {
  if (reader.byte() !== FUNCTION_TYPE) throw refused(`a type that is not a function's (type ${index})`);
  return { parameters: reader.list(() => readValueType(reader)), results: reader.list(() => readValueType(reader)) };
}

function readValueType(reader: ByteReader): number {
  const type = reader.byte();
  if (NUMBERS_AND_VECTORS.includes(type) || REFERENCES.includes(type)) return type;
  throw refused('typed references and garbage collection');
}

function readImport(reader: ByteReader): FunctionImport {
  const module = reader.name();
  const name = reader.name();
  const kind = reader.byte();
  if (kind === KIND.function) return { module, name, type: reader.u32() };
  throw new PolicyError(
    'POLICY_IMPORT',
    `the module imports the ${KIND_NAMES[kind] ?? 'thing'} ${quoted(module)} ${quoted(name)}; only functions are offered: define it inside the module`,
  );
}

function readTable(reader: ByteReader): Table {
  const element = reader.byte();
  if (element === TABLE_WITH_INITIAL_VALUE || !REFERENCES.includes(element)) throw refused('typed function references');
  return { element, ...readLimits(reader, 'table') };
}

function readMemory(reader: ByteReader): Limits {
  return readLimits(reader, 'memory');
}

/** Flags: bit 0 a maximum, bit 1 shared, bit 2 of 64 bits, bit 3 pages of another size. */
function readLimits(reader: ByteReader, what: 'table' | 'memory'): Limits {
  const flags = reader.byte();
  if (flags & 0x02) throw refused(`a shared ${what}`);
  if (flags & 0x04) throw refused(`a 64-bit ${what}`);
  if (flags > 0x01) throw refused(`a ${what} of an unknown kind`);
  return { minimum: reader.u32(), maximum: flags === 1 ? reader.u32() : undefined };
}

function readGlobal(reader: ByteReader): Global {
  const type = readValueType(reader);
  const flags = reader.byte();
  if (flags > 1) throw refused('a shared global');
  readConstant(reader, 0);
  return { type, isMutable: flags === 1 };
}

function readExport(reader: ByteReader): Export {
  return { name: reader.name(), kind: reader.byte(), index: reader.u32() };
}

function readBody(reader: ByteReader, type: number): Body {
  const content = reader.part(reader.u32());
  const { at: from, end: to } = content;
  let locals = 0;
  for (let left = content.u32(); left > 0; left -= 1) {
    locals += content.u32();
    readValueType(content);
  }
  return { type, from, to, code: content.at, locals };
}

/** Passes over a constant expression; true when it names a function below `imports`. */
function readConstant(reader: ByteReader, imports: number): boolean {
  let namesImport = false;
  for (;;) {
    const opcode = readOpcode(reader);
    if (opcode === OP.end) return namesImport;
    if (opcode === OP.refFunc) namesImport = reader.u32() < imports || namesImport;
    else skipImmediates(reader, opcode);
  }
}

/** Flags: bit 0 passive or declared, bit 1 a table is named (or declared), bit 2 expressions for indexes. */
function readElementSegment(reader: ByteReader, imports: number): boolean {
  const flags = reader.u32();
  const isActive = (flags & 1) === 0;
  if (isActive && flags & 2) reader.u32();
  if (isActive) readConstant(reader, imports);
  const hasExpressions = (flags & 4) !== 0;
  if (flags & 3) {
    const kind = reader.byte();
    if (hasExpressions && !REFERENCES.includes(kind)) throw refused('typed function references');
  }
  let namesImport = false;
  for (let left = reader.u32(); left > 0; left -= 1) {
    const isImport = hasExpressions ? readConstant(reader, imports) : reader.u32() < imports;
    namesImport ||= isImport;
  }
  return namesImport;
}

/** What comes in larger numbers than this is no policy, and would only take time to read. */
function atMost(found: number, what: string): void {
  const offered = MODULE_LIMITS.entries;
  if (found <= offered) return;
  throw new PolicyError('POLICY_ABI', `the module has ${found} ${what}; up to ${offered} are read`);
}

function refused(what: string): PolicyError {
  return new PolicyError(
    'POLICY_ABI',
    `the module uses ${what}; policies are core WebAssembly 2.0 with one 32-bit memory of their own: build without that feature`,
  );
}
