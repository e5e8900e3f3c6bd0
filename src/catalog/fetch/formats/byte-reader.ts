import { type ByteSource, Unsound } from './byte-source.js';

/** Far more than any name, number or small list takes: a length in the file never decides how much memory is used. */
const MOST_AT_ONCE = 4 * 1024 * 1024;

/** Reads little-endian values front to back, a page at a time, never beyond the end. */
export class ByteReader {
  private page: Buffer = Buffer.alloc(0);
  private pageStart = 0;
  private offset = 0;

  constructor(private readonly source: ByteSource) {}

  get position(): number {
    return this.pageStart + this.offset;
  }

  get remaining(): number {
    return this.source.sizeBytes - this.position;
  }

  /** @throws Unsound when the file has fewer */
  async bytes(count: number): Promise<Buffer> {
    if (this.offset + count > this.page.length) await this.turn(count);
    const bytes = this.page.subarray(this.offset, this.offset + count);
    this.offset += count;
    return bytes;
  }

  /** Passes over bytes without reading them. @throws Unsound when the file has fewer */
  skip(count: number): void {
    if (!(count <= this.remaining)) throw new Unsound('it ends in the middle of its header');
    this.offset += count;
  }

  async u32(): Promise<number> {
    return (await this.bytes(4)).readUInt32LE();
  }

  /** A count or offset of 64 bits; what no file can reach comes back as Infinity. */
  async u64(): Promise<number> {
    const value = (await this.bytes(8)).readBigUInt64LE();
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(value);
  }

  private async turn(least: number): Promise<void> {
    if (!(least <= this.remaining)) throw new Unsound('it ends in the middle of its header');
    if (least > MOST_AT_ONCE) throw new Unsound('a value of its header is too large');
    const start = this.position;
    this.page = await this.source.read(start, Math.min(Math.max(least, this.source.pageBytes), this.remaining));
    this.pageStart = start;
    this.offset = 0;
  }
}
