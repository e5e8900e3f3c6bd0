import { type ByteReader } from './byte-reader.js';

/** What a key of the header holds; of a list only its length is kept. */
export type GgufValue =
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'list'; readonly length: number };

export type GgufKeys = ReadonlyMap<string, GgufValue>;

/** Thrown when the header contradicts itself; the message names what is wrong. */
export class BadHeader extends Error {}

const STRING = 8;
const LIST = 9;
/** Bytes of each fixed-width value type: u8 i8 u16 i16 u32 i32 f32 bool - - u64 i64 f64. */
const WIDTHS = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const LONGEST_KEY = 1024;
const DEEPEST_LIST = 4;

export async function readString(reader: ByteReader, limit = Infinity): Promise<string> {
  const length = await reader.u64();
  if (length > reader.remaining) throw new BadHeader('a text is longer than the file');
  if (length > limit) throw new BadHeader('a name is too long');
  return (await reader.bytes(length)).toString('utf8');
}

export async function readKeys(reader: ByteReader, count: number): Promise<GgufKeys> {
  const keys = new Map<string, GgufValue>();
  for (let index = 0; index < count; index += 1) {
    const key = await readString(reader, LONGEST_KEY);
    if (keys.has(key)) throw new BadHeader('a key occurs twice');
    keys.set(key, await readValue(reader, await reader.u32()));
  }
  return keys;
}

async function readValue(reader: ByteReader, type: number): Promise<GgufValue> {
  if (type === STRING) return { type: 'string', value: await readString(reader) };
  if (type === LIST) return { type: 'list', length: await skipList(reader, 0) };
  const bytes = await reader.bytes(widthOf(type));
  return { type: 'number', value: numberOf(type, bytes) };
}

/** Walks over a list and answers its length. */
async function skipList(reader: ByteReader, depth: number): Promise<number> {
  if (depth > DEEPEST_LIST) throw new BadHeader('lists are nested too deep');
  const type = await reader.u32();
  const length = await reader.u64();
  if (type !== STRING && type !== LIST) {
    const bytes = length * widthOf(type);
    if (bytes > reader.remaining) throw new BadHeader('a list is longer than the file');
    reader.skip(bytes);
    return length;
  }
  // Each text or list takes at least its own 8-byte length, so a count beyond that cannot be true.
  if (length > reader.remaining / 8) throw new BadHeader('a list is longer than the file');
  for (let index = 0; index < length; index += 1) {
    if (type === STRING) await skipString(reader);
    else await skipList(reader, depth + 1);
  }
  return length;
}

async function skipString(reader: ByteReader): Promise<void> {
  const length = await reader.u64();
  if (length > reader.remaining) throw new BadHeader('a text is longer than the file');
  reader.skip(length);
}

function widthOf(type: number): number {
  const width = WIDTHS[type] ?? 0;
  if (width === 0) throw new BadHeader(`value type ${type} is unknown`);
  return width;
}

function numberOf(type: number, bytes: Buffer): number {
  if (type === 6) return bytes.readFloatLE();
  if (type === 12) return bytes.readDoubleLE();
  if (type === 11) return Number(bytes.readBigInt64LE());
  if (type === 10) return Number(bytes.readBigUInt64LE());
  return type % 2 === 1 && type !== 7 ? bytes.readIntLE(0, bytes.length) : bytes.readUIntLE(0, bytes.length);
}
