import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';

const OWNER_ONLY = 0o700;
const OWNER_FILE = 0o600;

/** The part of a file system that blobs need. What it promises has reached the disk when it resolves. */
export abstract class Disk {
  /** A new file with all of these bytes. */
  abstract writeNew(path: string, bytes: Uint8Array): Promise<void>;
  abstract rename(from: string, to: string): Promise<void>;
  /** Names in a folder are as durable as their files only after this. */
  abstract syncFolder(path: string): Promise<void>;
  abstract makeFolder(path: string): Promise<void>;
  abstract sizeOf(path: string): Promise<number | undefined>;
  abstract read(path: string): Promise<Uint8Array | undefined>;
  /** Harmless when it is not there. */
  abstract remove(path: string): Promise<void>;
  /** Empty when the folder is not there. */
  abstract namesIn(path: string): Promise<readonly string[]>;
}

export class NodeDisk extends Disk {
  override async writeNew(path: string, bytes: Uint8Array): Promise<void> {
    const file = await open(path, 'wx', OWNER_FILE);
    await closing(file, async () => {
      await file.writeFile(bytes);
      await file.datasync();
    });
  }

  override rename(from: string, to: string): Promise<void> {
    return rename(from, to);
  }

  override async syncFolder(path: string): Promise<void> {
    const folder = await open(path, 'r');
    await closing(folder, () => folder.sync());
  }

  override async makeFolder(path: string): Promise<void> {
    await mkdir(path, { recursive: true, mode: OWNER_ONLY });
  }

  override async sizeOf(path: string): Promise<number | undefined> {
    return (await unlessMissing(stat(path)))?.size;
  }

  override read(path: string): Promise<Uint8Array | undefined> {
    return unlessMissing(readFile(path));
  }

  override remove(path: string): Promise<void> {
    return rm(path, { force: true });
  }

  override async namesIn(path: string): Promise<readonly string[]> {
    return (await unlessMissing(readdir(path))) ?? [];
  }
}

async function closing(file: FileHandle, use: () => Promise<void>): Promise<void> {
  try {
    await use();
  } finally {
    await file.close();
  }
}

async function unlessMissing<Result>(result: Promise<Result>): Promise<Result | undefined> {
  try {
    return await result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
