import { type ByteReader } from './byte-reader.js';
import { Unsound } from './byte-source.js';

/** What a key of the header holds: a number, a short text, or a list with its whole numbers where it has few. */
export type GgufValue =
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'text'; readonly value: string | undefined }
  | { readonly type: 'list'; readonly length: number; readonly numbers: readonly number[] | undefined };

export type GgufKeys = ReadonlyMap<string, GgufValue>;

const STRING = 8;
const LIST = 9;
/** Bytes of each fixed-width type: u8 i8 u16 i16 u32 i32 f32 bool – – u64 i64 f64. */
const WIDTHS: readonly number[] = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const WHOLE: readonly number[] = [0, 1, 2, 3, 4, 5, 10, 11];
const LONGEST_KEY = 65_535;
const LONGEST_TEXT = 1_024;
/** One per layer of any model; vocabularies are longer, and of them only the length counts. */
const MOST_NUMBERS = 4_096;

/** Version 1 of the format writes counts and lengths in 32 bits, the later ones in 64. */
export class GgufValues {
  constructor(
    readonly reader: ByteReader,
    private readonly version: number,
  ) {}

  count(): Promise<number> {
    return this.version === 1 ? this.reader.u32() : this.reader.u64();
  }

  async name(longest: number): Promise<string> {
    const length = await this.length();
    if (length > longest) throw new Unsound('a name is too long');
    return (await this.reader.bytes(length)).toString('utf8');
  }

  async key(): Promise<readonly [string, GgufValue]> {
    const name = await this.name(LONGEST_KEY);
    return [name, await this.value(await this.reader.u32())];
  }

  private async value(type: number): Promise<GgufValue> {
    if (type === STRING) return { type: 'text', value: await this.text() };
    if (type === LIST) return this.list();
    return { type: 'number', value: numberOf(type, await this.reader.bytes(widthOf(type))) };
  }

  /** Long texts are passed over: nobody asks for them here. */
  private async text(): Promise<string | undefined> {
    const length = await this.length();
    if (length <= LONGEST_TEXT) return (await this.reader.bytes(length)).toString('utf8');
    this.reader.skip(length);
    return undefined;
  }

  private async list(): Promise<GgufValue> {
    const type = await this.reader.u32();
    const length = await this.count();
    if (type === STRING) return this.texts(length);
    const width = widthOf(type);
    if (!(length * width <= this.reader.remaining)) throw new Unsound('a list is longer than the file');
    const numbers = WHOLE.includes(type) && length <= MOST_NUMBERS ? await this.numbers(type, length) : undefined;
    if (numbers === undefined) this.reader.skip(length * width);
    return { type: 'list', length, numbers };
  }

  /** Each text takes at least its own length, so a count beyond that cannot be true. */
  private async texts(length: number): Promise<GgufValue> {
    if (!(length <= this.reader.remaining / (this.version === 1 ? 4 : 8)))
      throw new Unsound('a list is longer than the file');
    for (let left = length; left > 0; left -= 1) this.reader.skip(await this.length());
    return { type: 'list', length, numbers: undefined };
  }

  private async numbers(type: number, length: number): Promise<readonly number[]> {
    const width = widthOf(type);
    const bytes = await this.reader.bytes(length * width);
    return Array.from({ length }, (_, at) => numberOf(type, bytes.subarray(at * width, (at + 1) * width)));
  }

  private async length(): Promise<number> {
    const length = await this.count();
    if (!(length <= this.reader.remaining)) throw new Unsound('a text is longer than the file');
    return length;
  }
}

function widthOf(type: number): number {
  const width = WIDTHS[type] ?? 0;
  if (width === 0) throw new Unsound(`value type ${type} is unknown`);
  return width;
}

function numberOf(type: number, bytes: Buffer): number {
  if (type === 6) return bytes.readFloatLE();
  if (type === 12) return bytes.readDoubleLE();
  if (type === 11) return Number(bytes.readBigInt64LE());
  if (type === 10) return Number(bytes.readBigUInt64LE());
  return type % 2 === 1 && type !== 7 ? bytes.readIntLE(0, bytes.length) : bytes.readUIntLE(0, bytes.length);
}
