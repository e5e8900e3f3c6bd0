import { type FileHandle } from 'node:fs/promises';

const WINDOW_BYTES = 256 * 1024;

/** A file is not what it says that it is: shorter, or not of its format. */
export class UnreadableFile extends Error {}

/** Reads a file forwards through a window, so that a length in it never decides how much memory is used. */
export class FileWindow {
  private readonly buffer = Buffer.alloc(WINDOW_BYTES);
  private start = 0;
  private filled = 0;
  private offset = 0;

  constructor(
    private readonly file: FileHandle,
    readonly sizeBytes: number,
  ) {}

  /** True while the next `bytes` lie in the window; the `take…` functions may be called then. */
  has(bytes: number): boolean {
    return this.offset + bytes <= this.filled;
  }

  /** Brings the next `bytes`, at most the window, into it. @throws UnreadableFile */
  async need(bytes: number): Promise<void> {
    if (this.has(bytes)) return;
    this.start += this.offset;
    this.offset = 0;
    this.filled = 0;
    if (bytes > WINDOW_BYTES || this.start + bytes > this.sizeBytes) throw new UnreadableFile();
    while (this.filled < bytes) {
      const { bytesRead } = await this.file.read(
        this.buffer,
        this.filled,
        WINDOW_BYTES - this.filled,
        this.start + this.filled,
      );
      if (bytesRead === 0) throw new UnreadableFile();
      this.filled += bytesRead;
    }
  }

  /** Passes over bytes without reading them. @throws UnreadableFile when the file has fewer */
  skip(bytes: number): void {
    if (bytes > this.sizeBytes - this.start - this.offset) throw new UnreadableFile();
    this.offset += bytes;
  }

  takeU8(): number {
    return this.buffer.readUInt8(this.advance(1));
  }

  takeU16(): number {
    return this.buffer.readUInt16LE(this.advance(2));
  }

  takeU32(): number {
    return this.buffer.readUInt32LE(this.advance(4));
  }

  /** A count or length; beyond what a number holds exactly it is no less than that. */
  takeU64(): number {
    return Number(this.buffer.readBigUInt64LE(this.advance(8)));
  }

  takeText(bytes: number): string {
    const at = this.advance(bytes);
    return this.buffer.toString('utf8', at, at + bytes);
  }

  private advance(bytes: number): number {
    const at = this.offset;
    this.offset += bytes;
    return at;
  }
}
