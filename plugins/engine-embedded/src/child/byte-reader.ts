import { type FileHandle } from 'node:fs/promises';

const PAGE_BYTES = 1024 * 1024;

/** Thrown when a file ends before what its own numbers promise. */
export class EndOfFile extends Error {}

/** Reads little-endian values of a file front to back, a page at a time, never beyond its end. */
export class ByteReader {
  private page = Buffer.alloc(0);
  private pageStart = 0;
  private offset = 0;

  constructor(
    private readonly file: FileHandle,
    readonly sizeBytes: number,
  ) {}

  get position(): number {
    return this.pageStart + this.offset;
  }

  get remaining(): number {
    return this.sizeBytes - this.position;
  }

  async bytes(count: number): Promise<Buffer> {
    if (count > this.remaining) throw new EndOfFile();
    if (this.offset + count > this.page.length) await this.turn(Math.max(count, PAGE_BYTES));
    const bytes = this.page.subarray(this.offset, this.offset + count);
    this.offset += count;
    return bytes;
  }

  skip(count: number): void {
    if (count > this.remaining) throw new EndOfFile();
    this.offset += count;
  }

  async u32(): Promise<number> {
    return (await this.bytes(4)).readUInt32LE();
  }

  /** A 64-bit count or offset; values that no file can reach come back as Infinity. */
  async u64(): Promise<number> {
    const value = (await this.bytes(8)).readBigUInt64LE();
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(value);
  }

  private async turn(bytes: number): Promise<void> {
    const start = this.position;
    const page = Buffer.allocUnsafe(Math.min(bytes, this.sizeBytes - start));
    let filled = 0;
    while (filled < page.length) {
      const { bytesRead } = await this.file.read(page, filled, page.length - filled, start + filled);
      if (bytesRead === 0) throw new EndOfFile();
      filled += bytesRead;
    }
    this.page = page;
    this.pageStart = start;
    this.offset = 0;
  }
}
