import { type FileHandle } from 'node:fs/promises';

/** Bytes that can be read at any place: of a file here, or of one far away, by ranges. */
export abstract class ByteSource {
  abstract readonly sizeBytes: number;
  /** How many bytes to ask for at once. */
  abstract readonly pageBytes: number;
  /** Exactly these bytes. Nothing beyond the end is asked for. */
  abstract read(at: number, length: number): Promise<Buffer>;
}

export class FileBytes extends ByteSource {
  override readonly pageBytes = 1024 * 1024;

  constructor(
    private readonly file: FileHandle,
    override readonly sizeBytes: number,
  ) {
    super();
  }

  override async read(at: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.file.read(bytes, filled, length - filled, at + filled);
      if (bytesRead === 0) throw new Unsound('it became shorter while it was read');
      filled += bytesRead;
    }
    return bytes;
  }
}

/** A file contradicts itself; the message names what is wrong. */
export class Unsound extends Error {
  override readonly name = 'Unsound';
}
