import { type Readable } from 'node:stream';

/** Read ahead of whoever takes the pieces; then the far side waits. */
const MOST_AHEAD_BYTES = 256 * 1024;

/**
 * Reads a body from now on. What came before the far side failed is handed on before the failure is told; a stream by
 * itself drops it, and downloads would fetch it again. Leaving the loop closes the connection.
 */
export function asItCame(body: Readable): AsyncGenerator<Buffer> {
  return piecesOf(new Ahead(body), body);
}

async function* piecesOf(ahead: Ahead, body: Readable): AsyncGenerator<Buffer> {
  try {
    for (let piece = await ahead.next(); piece !== undefined; piece = await ahead.next()) yield piece;
  } finally {
    body.destroy();
  }
}

class Ahead {
  private readonly pieces: Buffer[] = [];
  private bytes = 0;
  private end: { readonly error?: Error } | undefined;
  private wake: () => void = () => {};

  constructor(private readonly body: Readable) {
    if (body.destroyed) this.finish({ error: body.errored ?? new Error('the body was closed') });
    body.on('data', (piece: Buffer) => this.take(piece));
    body.once('end', () => this.finish({}));
    body.on('error', (error) => this.finish({ error }));
    body.once('close', () => this.finish({ error: new Error('the body was closed') }));
  }

  /** Undefined at the end. @throws what ended the body */
  async next(): Promise<Buffer | undefined> {
    while (this.pieces.length === 0 && this.end === undefined)
      await new Promise<void>((resolve) => (this.wake = resolve));
    const piece = this.pieces.shift();
    if (piece === undefined) return this.over();
    this.bytes -= piece.length;
    if (this.bytes < MOST_AHEAD_BYTES && this.body.isPaused()) this.body.resume();
    return piece;
  }

  private over(): undefined {
    if (this.end?.error !== undefined) throw this.end.error;
  }

  private take(piece: Buffer): void {
    this.pieces.push(piece);
    this.bytes += piece.length;
    if (this.bytes >= MOST_AHEAD_BYTES) this.body.pause();
    this.wake();
  }

  /** The first word counts: a body that ended is closed after that. */
  private finish(end: { readonly error?: Error }): void {
    this.end ??= end;
    this.wake();
  }
}
