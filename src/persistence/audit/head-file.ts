import { constants, readFileSync } from 'node:fs';
import { type KeyObject } from 'node:crypto';
import { type FileHandle, open as openReally } from 'node:fs/promises';
import { type Place } from '../../audit/chain.js';
import { headOf, headText } from '../../audit/head.js';
import { type OpenFile } from './append-file.js';

const OWNER_FILE = 0o600;

/** Keeps how far the log goes, apart from its rows. */
export class HeadFile {
  private handle: FileHandle | undefined;

  constructor(
    private readonly path: string,
    private readonly key: KeyObject,
    private readonly open: OpenFile = openReally,
  ) {}

  /** @throws Error when the disk does not take it */
  async write(place: Place): Promise<void> {
    try {
      this.handle ??= await this.open(this.path, constants.O_RDWR | constants.O_CREAT, OWNER_FILE);
      const bytes = Buffer.from(headText(place, this.key));
      await this.handle.write(bytes, 0, bytes.length, 0);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Onto the disk; after a loss of power the head may stand behind the rows, never before them. */
  async sync(): Promise<void> {
    await this.handle?.datasync();
  }

  async close(): Promise<void> {
    const { handle } = this;
    this.handle = undefined;
    await handle?.close().catch(() => {});
  }
}

/** undefined when there is no head, or none of this key. */
export function readHead(path: string, key: KeyObject): Place | undefined {
  const text = readIfThere(path);
  return text === undefined ? undefined : headOf(text, key);
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
