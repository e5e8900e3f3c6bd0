import { PolicyError } from '../policy-error.js';

const NAMES = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A cursor over bytes. Reading past the end, or a number that never ends, is `POLICY_ABI`. */
export class ByteReader {
  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
    readonly end: number = bytes.length,
  ) {}

  get isDone(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    const value = this.at < this.end ? this.bytes[this.at] : undefined;
    if (value === undefined) throw malformed('it ends in the middle of a value', this.at);
    this.at += 1;
    return value;
  }

  /** Unsigned LEB128 of at most 32 bits; padded encodings are legal. */
  u32(): number {
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      result += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return result;
    }
    throw malformed('a number has too many bytes', this.at);
  }

  /** Signed LEB128 of at most 32 bits. */
  i32(): number {
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return shift < 28 && byte & 0x40 ? result | (-1 << (shift + 7)) : result;
    }
    throw malformed('a number has too many bytes', this.at);
  }

  /** Passes over LEB128 of either sign and up to 64 bits. */
  skipNumber(): void {
    for (let read = 0; read < 10; read += 1) if (this.byte() < 0x80) return;
    throw malformed('a number has too many bytes', this.at);
  }

  skip(count: number): void {
    if (count > this.end - this.at) throw malformed('it ends in the middle of a value', this.at);
    this.at += count;
  }

  /** A reader of the next bytes, behind which this one goes on. */
  part(length: number): ByteReader {
    const from = this.at;
    this.skip(length);
    return new ByteReader(this.bytes, from, this.at);
  }

  name(): string {
    const { at, end } = this.part(this.u32());
    try {
      return NAMES.decode(this.bytes.subarray(at, end));
    } catch (cause) {
      throw new PolicyError('POLICY_ABI', `the module is malformed at byte ${at}: a name is not UTF-8`, { cause });
    }
  }

  /** As many things as the number in front of them says. */
  list<Item>(read: (index: number) => Item): Item[] {
    const count = this.u32();
    const items: Item[] = [];
    for (let index = 0; index < count; index += 1) items.push(read(index));
    return items;
  }
}

function malformed(what: string, at: number): PolicyError {
  return new PolicyError('POLICY_ABI', `the module is malformed at byte ${at}: ${what}`);
}
