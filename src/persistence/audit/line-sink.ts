import { type FileHandle, open } from 'node:fs/promises';

const OWNER_FILE = 0o600;

/** A new file that lines are written to. */
export class LineSink {
  private readonly file: Promise<FileHandle>;

  constructor(path: string) {
    this.file = open(path, 'w', OWNER_FILE);
    // Whoever writes first hears of a failure.
    this.file.catch(() => {});
  }

  async write(text: string): Promise<void> {
    await (await this.file).appendFile(text);
  }

  async close(): Promise<void> {
    await (await this.file.catch(() => undefined))?.close();
  }
}
