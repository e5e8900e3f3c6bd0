import { type ServerResponse } from 'node:http';
import { type Socket } from 'node:net';

const CRLF = Buffer.from('\r\n');
/** Up to this size a copy is cheaper than a write of several pieces. */
const LARGEST_COPY = 1024;

/**
 * The writing side of one event stream. A token goes to the socket as one buffer that already carries its HTTP chunk
 * framing: `response.write` would hand the kernel several pieces for each token, which costs more CPU per token.
 */
export class StreamWriter {
  private readonly socket: Socket | undefined;

  /** The head must have been sent. A response that waits behind another one, or that is not chunked, writes by itself. */
  constructor(private readonly response: ServerResponse) {
    this.socket = response.chunkedEncoding ? (response.socket ?? undefined) : undefined;
  }

  /** Bytes that were handed over and are not sent yet. */
  get unsentBytes(): number {
    return (this.socket ?? this.response).writableLength;
  }

  /** Sends frames; false when the reader is behind: wait for `onDrain`. */
  write(frames: Buffer): boolean {
    const { socket } = this;
    if (socket === undefined) return this.response.write(frames);
    const head = `${frames.length.toString(16)}\r\n`;
    if (frames.length <= LARGEST_COPY) return socket.write(oneChunk(head, frames));
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(frames);
    const writable = socket.write(CRLF);
    socket.uncork();
    return writable;
  }

  /** Gathers what follows into one write, until `uncork` or the end of the response. */
  cork(): void {
    (this.socket ?? this.response).cork();
  }

  uncork(): void {
    (this.socket ?? this.response).uncork();
  }

  /** Calls `run` whenever the reader has caught up; the answer ends that. */
  onDrain(run: () => void): () => void {
    const source = this.socket ?? this.response;
    source.on('drain', run);
    return () => source.off('drain', run);
  }
}

function oneChunk(head: string, frames: Buffer): Buffer {
  const chunk = Buffer.allocUnsafe(head.length + frames.length + CRLF.length);
  chunk.write(head, 'latin1');
  frames.copy(chunk, head.length);
  CRLF.copy(chunk, head.length + frames.length);
  return chunk;
}
