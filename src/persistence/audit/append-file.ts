import { constants } from 'node:fs';
import { type FileHandle, open as openReally, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Opens a file; tests put one in that fails. */
export type OpenFile = (path: string, flags: number, mode: number) => Promise<FileHandle>;

const OWNER_FILE = 0o600;

/**
 * A file that only grows. What `append` has answered is on disk; what it refused is not in the file, or is cut off before
 * anything else is written.
 */
export class AppendFile {
  private handle: FileHandle | undefined;
  private inode = 0;
  /** It may hold bytes that do not count. */
  private isDirty = false;

  /** @param length bytes that count; the file may hold more from a write that failed */
  constructor(
    readonly path: string,
    private length: number,
    private readonly open: OpenFile = openReally,
  ) {}

  get bytes(): number {
    return this.length;
  }

  /** Also cuts off what does not count, when there is nothing to append. @throws Error when the disk does not take it */
  async append(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0 && !this.isDirty) return;
    try {
      this.handle ??= await this.openAt(this.length);
      await writeAll(this.handle, bytes, this.length);
      await this.handle.datasync();
      this.length += bytes.length;
    } catch (error) {
      this.isDirty = true;
      await this.close();
      throw error;
    }
  }

  /** Takes back what was appended last; it goes at the next write. */
  async shrinkTo(length: number): Promise<void> {
    if (length === this.length) return;
    this.length = length;
    this.isDirty = true;
    await this.close();
  }

  /**
   * Whether the file that is being written is still the one of that name, and as long as it was written.
   * @throws Error when its folder is not there: it may come back with all that is in it
   */
  async isIntact(): Promise<boolean> {
    if (this.handle === undefined) return true;
    const found = await stat(this.path).catch(() => undefined);
    if (found === undefined) await stat(dirname(this.path));
    return found?.ino === this.inode && found?.size === this.length;
  }

  async close(): Promise<void> {
    const { handle } = this;
    this.handle = undefined;
    await handle?.close().catch(() => {});
  }

  /** A file that was closed after a failure may hold bytes that do not count. */
  private async openAt(length: number): Promise<FileHandle> {
    const handle = await this.open(this.path, constants.O_RDWR | constants.O_CREAT, OWNER_FILE);
    try {
      const { size, ino } = await handle.stat();
      this.inode = ino;
      if (size < length) throw new Error('the file is shorter than it was written');
      if (size > length) await handle.truncate(length);
      this.isDirty = false;
      if (length === 0) await syncFolder(dirname(this.path));
      return handle;
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** The name of a new file is on disk only when its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await openReally(folder, constants.O_RDONLY);
  await handle.sync().finally(() => handle.close());
}
