import { PolicyError } from '../policy-error.js';
import { type ByteReader } from './byte-reader.js';

/** Opcodes that mean something to the meter; two-byte ones carry their prefix in the upper bits. */
export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  branch: 0x0c,
  branchIf: 0x0d,
  branchTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  globalGet: 0x23,
  globalSet: 0x24,
  localGet: 0x20,
  tableSet: 0x26,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  i64LessSigned: 0x53,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64ShiftRightUnsigned: 0x88,
  i64ExtendI32Unsigned: 0xad,
  i32LessUnsigned: 0x49,
  select: 0x1b,
  refFunc: 0xd2,
  memoryInit: 0xfc08,
  dataDrop: 0xfc09,
  memoryCopy: 0xfc0a,
  memoryFill: 0xfc0b,
  tableInit: 0xfc0c,
  elemDrop: 0xfc0d,
  tableCopy: 0xfc0e,
  tableGrow: 0xfc0f,
  tableFill: 0xfc11,
} as const;

/** A block type without parameters and results. */
export const EMPTY_BLOCK = 0x40;

const REFUSED: readonly (readonly [from: number, to: number, what: string])[] = [
  [0x06, 0x0a, 'exceptions'],
  [0x12, 0x13, 'tail calls'],
  [0x14, 0x15, 'typed function references'],
  [0x18, 0x19, 'exceptions'],
  [0x1f, 0x1f, 'exceptions'],
  [0xd3, 0xd6, 'typed references and garbage collection'],
  [0xfb, 0xfb, 'garbage collection'],
  [0xfe, 0xfe, 'threads'],
];

/** What follows an opcode. */
type Immediate = 'none' | 'number' | 'two' | 'memory' | 'f32' | 'f64' | 'types' | 'targets';

const SINGLE = singleByteTable();

/** Reads an opcode; what follows is read by {@link skipImmediates}. An opcode that policies may not use is `POLICY_ABI`. */
export function readOpcode(reader: ByteReader): number {
  const first = reader.byte();
  if (first !== 0xfc && first !== 0xfd) return first;
  const second = reader.u32();
  if (first === 0xfd && second > 0xff) throw refused('relaxed SIMD', reader.at);
  if (first === 0xfc && second > 0x11) throw refused(`the instruction 0xfc ${second}`, reader.at);
  return first * 0x100 + second;
}

/** Passes over everything that follows an opcode. */
export function skipImmediates(reader: ByteReader, opcode: number): void {
  if (opcode >= 0xfd00) return skipVector(reader, opcode - 0xfd00);
  if (opcode >= 0xfc00) return skipBulk(reader, opcode - 0xfc00);
  const immediate = SINGLE[opcode];
  if (immediate === undefined) throw refused(featureOf(opcode), reader.at);
  skipOne(reader, immediate);
}

function skipOne(reader: ByteReader, immediate: Immediate): void {
  switch (immediate) {
    case 'none':
      return;
    case 'number':
      return reader.skipNumber();
    case 'two':
      reader.skipNumber();
      return reader.skipNumber();
    case 'memory':
      return skipMemoryArgument(reader);
    case 'f32':
      return reader.skip(4);
    case 'f64':
      return reader.skip(8);
    case 'types':
      return reader.skip(reader.u32());
    case 'targets':
      for (let left = reader.u32(); left >= 0; left -= 1) reader.u32();
  }
}

/** `0xfc`: saturating conversions without immediates, then bulk operations. */
function skipBulk(reader: ByteReader, code: number): void {
  if (code < 0x08) return;
  reader.u32();
  if (code === 0x08 || code === 0x0a || code === 0x0c || code === 0x0e) reader.u32();
}

/** `0xfd`: SIMD. */
function skipVector(reader: ByteReader, code: number): void {
  if (code <= 11 || code === 92 || code === 93) return skipMemoryArgument(reader);
  if (code <= 13) return reader.skip(16);
  if (code >= 21 && code <= 34) return reader.skip(1);
  if (code < 84 || code > 91) return;
  skipMemoryArgument(reader);
  reader.skip(1);
}

/** Alignment and offset. Bit 6 of the alignment announces a memory index: multiple memories. */
function skipMemoryArgument(reader: ByteReader): void {
  if (reader.u32() >= 0x40) throw refused('more than one memory', reader.at);
  reader.skipNumber();
}

function singleByteTable(): readonly (Immediate | undefined)[] {
  const table = new Array<Immediate | undefined>(0x100).fill(undefined);
  const put = (immediate: Immediate, from: number, to = from): void => void table.fill(immediate, from, to + 1);
  put('none', 0x00, 0x01);
  put('number', 0x02, 0x04);
  put('none', 0x05);
  put('none', 0x0b);
  put('number', 0x0c, 0x0d);
  put('targets', 0x0e);
  put('none', 0x0f);
  put('number', 0x10);
  put('two', 0x11);
  put('none', 0x1a, 0x1b);
  put('types', 0x1c);
  put('number', 0x20, 0x26);
  put('memory', 0x28, 0x3e);
  put('number', 0x3f, 0x40);
  put('number', 0x41, 0x42);
  put('f32', 0x43);
  put('f64', 0x44);
  put('none', 0x45, 0xc4);
  put('number', 0xd0);
  put('none', 0xd1);
  put('number', 0xd2);
  return table;
}

function featureOf(opcode: number): string {
  const range = REFUSED.find(([from, to]) => opcode >= from && opcode <= to);
  return range?.[2] ?? `the instruction 0x${opcode.toString(16)}`;
}

function refused(what: string, at: number): PolicyError {
  return new PolicyError(
    'POLICY_ABI',
    `the module uses ${what} (before byte ${at}); policies are core WebAssembly 2.0: build without that feature`,
  );
}
