import { closeSync, createReadStream, createWriteStream, fstatSync, openSync, readSync, truncateSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

const OWNER_FILE = 0o600;
const TAIL_BYTES = 8_192;
/** An engine that floods its log writes much between two looks; the end of it is kept, in sizes of a file. */
const MOST_KEPT = 2;

export interface LogLimits {
  /** Size from which on the file begins anew. */
  readonly bytes: number;
  /** Older files that stay: `.1` is the newest of them. */
  readonly older: number;
}

export const LOG_LIMITS: LogLimits = { bytes: 10 * 1024 * 1024, older: 2 };

/**
 * The file that an engine writes to by itself. Nobody reads along, so nobody can hold the engine up; the file is copied
 * and cut when it has grown, and a line of that moment may be lost.
 */
export class EngineLog {
  readonly fd: number;
  /** Where the output of this start begins. */
  private begin: number;
  private rotating: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly path: string,
    private readonly limits: LogLimits = LOG_LIMITS,
  ) {
    this.fd = openSync(path, 'a+', OWNER_FILE);
    this.begin = fstatSync(this.fd).size;
  }

  /** The end of what this start wrote. */
  get tail(): string {
    if (this.closed) return '';
    const { size } = fstatSync(this.fd);
    const from = Math.max(this.begin, size - TAIL_BYTES);
    const bytes = Buffer.alloc(Math.max(0, size - from));
    const read = readSync(this.fd, bytes, 0, bytes.length, from);
    return bytes.toString('utf8', 0, read);
  }

  /** Looks at the size, and begins the file anew when it has grown enough. */
  async rotateIfGrown(): Promise<void> {
    if (this.closed || this.rotating !== undefined || fstatSync(this.fd).size < this.limits.bytes) return;
    this.rotating = this.rotate();
    await this.rotating.finally(() => (this.rotating = undefined));
  }

  /** Looks at the size a last time: an engine that ends soon after each start is never looked at before. */
  async close(): Promise<void> {
    await this.rotating?.catch(() => {});
    await this.rotateIfGrown().catch(() => {});
    if (this.closed) return;
    this.closed = true;
    closeSync(this.fd);
  }

  private async rotate(): Promise<void> {
    const { path, limits } = this;
    for (let age = limits.older - 1; age >= 1; age--)
      await rename(`${path}.${age}`, `${path}.${age + 1}`).catch(() => {});
    if (limits.older > 0) await this.keepEnd(`${path}.1`);
    // The engine appends, so its next line goes to the new beginning.
    truncateSync(path);
    this.begin = 0;
  }

  private async keepEnd(older: string): Promise<void> {
    const { size } = fstatSync(this.fd);
    const start = Math.max(0, size - MOST_KEPT * this.limits.bytes);
    const end = createReadStream(this.path, { start, end: size - 1 });
    await pipeline(end, createWriteStream(older, { mode: OWNER_FILE }));
  }
}
