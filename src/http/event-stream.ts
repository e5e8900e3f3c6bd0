import { type ServerResponse } from 'node:http';
import { type LogReader, type SegmentNumber, type TaskLog } from '../tasks/task-log.js';
import { type KeepAlive, type Silent } from './keep-alive.js';

/** Why a reader is no longer there. */
export type LeaveReason = 'client' | 'slow' | 'gone';

export interface EventStreamOptions {
  readonly log: TaskLog;
  /** Sends frames after this sequence number. */
  readonly after: number;
  readonly response: ServerResponse;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes that a reader may lag behind. */
  readonly bufferBytes: number;
  readonly keepAlive: KeepAlive;
  /** Called once when the reader leaves before the terminal frame was sent. */
  readonly onLeave: (reason: LeaveReason) => void;
  /** Called once when the stream is over, however it ended. */
  readonly onClose: () => void;
}

const FIRST_COMMENT_MS = 1_000;
const COMMENT = Buffer.from(':\n\n');

/** One reader of a task log over HTTP: a cursor into the log, never a queue of its own. */
export class EventStream implements LogReader, Silent {
  private next: SegmentNumber;
  private writable = true;
  private open = true;
  /** Byte position in the log up to which everything was handed to the socket. */
  private sentTo: number;

  constructor(private readonly options: EventStreamOptions) {
    this.next = options.log.endSegment;
    this.sentTo = options.log.totalBytes;
  }

  /** Sends the head at once and follows the log from then on. The caller has asked the log whether it `holds` the place. */
  start(): void {
    const { log, after, response, headers, keepAlive } = this.options;
    response.writeHead(200, { ...HEAD, ...headers });
    response.flushHeaders();
    response.socket?.setNoDelay(true);
    const { rest, next, startByte } = log.openAt(after);
    this.next = next;
    this.sentTo = startByte;
    response.on('drain', () => this.onDrain());
    response.on('close', () => this.onSocketClose());
    response.on('error', () => this.leave('client'));
    keepAlive.add(this, FIRST_COMMENT_MS);
    log.attach(this);
    if (rest !== undefined) this.writable = response.write(rest);
    this.wake();
  }

  /** New frames are in the log: sends them in one write, as far as the socket takes them. */
  wake(): void {
    if (!this.open) return;
    if (!this.writable) {
      this.checkLag();
      return;
    }
    this.sendPending();
    if (this.open && this.writable && this.options.log.sealed && this.next === this.options.log.endSegment) this.finish();
  }

  keepAlive(): void {
    if (this.open && this.writable) this.writable = this.options.response.write(COMMENT);
  }

  /** A frame that belongs to no log, such as `queued`. */
  sendUnlogged(text: string): void {
    if (this.open && this.writable) this.writable = this.options.response.write(text);
  }

  get isOpen(): boolean {
    return this.open;
  }

  /** Ends the connection without a frame; the reader may come back. */
  cut(reason: LeaveReason): void {
    this.options.response.destroy();
    this.leave(reason);
  }

  private sendPending(): void {
    const { log, response, keepAlive } = this.options;
    const end = log.endSegment;
    if (this.next === end) return;
    const several = end - this.next > 1;
    if (several) response.cork();
    while (this.next < end && this.writable) {
      const segment = log.segmentAt(this.next);
      if (segment === undefined) return this.cut('gone');
      this.next++;
      this.sentTo = segment.endByte;
      this.writable = response.write(segment.bytes);
    }
    if (several) response.uncork();
    keepAlive.heard(this);
  }

  private onDrain(): void {
    this.writable = true;
    this.wake();
  }

  private checkLag(): void {
    const { log, response, bufferBytes } = this.options;
    if (log.totalBytes - this.sentTo + response.writableLength > bufferBytes) this.cut('slow');
  }

  private finish(): void {
    this.release();
    this.options.response.end();
    this.options.onClose();
  }

  private onSocketClose(): void {
    if (this.open) this.leave('client');
  }

  private leave(reason: LeaveReason): void {
    if (!this.open) return;
    this.release();
    this.options.onLeave(reason);
    this.options.onClose();
  }

  private release(): void {
    this.open = false;
    this.options.log.detach(this);
    this.options.keepAlive.remove(this);
  }
}

const HEAD = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
} as const;
