import { type ServerResponse } from 'node:http';
import { type LogCursor, type LogReader, type TaskLog } from '../tasks/task-log.js';
import { type KeepAlive, type Silent } from './keep-alive.js';
import { StreamWriter } from './stream-writer.js';

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
/** Keep-alives in a row that a reader may leave untaken. */
const MOST_SILENCES = 6;

/** One reader of a task log over HTTP: a cursor into the log, never a queue of its own. */
export class EventStream implements LogReader, Silent {
  private readonly cursor: LogCursor;
  private writer!: StreamWriter;
  private forgetDrain: () => void = () => {};
  private writable = true;
  private open = true;
  private active = false;
  private silences = 0;
  /** Bytes that it may lag. What it found waiting counts until it has caught up: a late reader is no slow one. */
  private allowedLag: number;

  /** The caller has asked the log whether it `holds` the place. */
  constructor(private readonly options: EventStreamOptions) {
    this.cursor = options.log.open(options.after);
    this.allowedLag = options.bufferBytes + options.log.unread(this.cursor);
  }

  /** Sends the head at once and follows the log from then on. */
  start(): void {
    const { log, response, headers, keepAlive } = this.options;
    response.socket?.setNoDelay(true);
    response.socket?.cork();
    response.writeHead(200, { ...HEAD, ...headers });
    response.flushHeaders();
    this.writer = new StreamWriter(response);
    this.forgetDrain = this.writer.onDrain(() => this.onDrain());
    response.on('close', () => this.onSocketClose());
    response.on('error', () => this.leave('client'));
    keepAlive.add(this, FIRST_COMMENT_MS);
    log.attach(this);
    this.wake();
    // Head and waiting frames leave in one write.
    response.socket?.uncork();
  }

  /** New frames are in the log: sends them, as far as the socket takes them. */
  wake(): void {
    if (!this.open) return;
    if (this.writable) this.sendPending();
    else this.checkLag();
  }

  keepAlive(): void {
    if (!this.open) return;
    if (this.writable) this.writable = this.writer.write(COMMENT);
    // Nothing is appended to an ended log any more, so nobody else would notice a reader that takes nothing.
    else if (++this.silences >= MOST_SILENCES) this.cut('slow');
  }

  takeActivity(): boolean {
    const { active } = this;
    this.active = false;
    return active;
  }

  /** A frame that belongs to no log, such as `queued`. */
  sendUnlogged(text: string): void {
    if (this.open && this.writable) this.writable = this.writer.write(Buffer.from(text));
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
    const { log, bufferBytes } = this.options;
    if (log.hasLost(this.cursor)) return this.cut('gone');
    // The last frames and the end of the response leave in one write.
    if (log.sealed) this.writer.cork();
    this.sendFrames();
    if (this.writable) this.allowedLag = bufferBytes;
    if (this.writable && log.sealed) this.finish();
    else if (log.sealed) this.writer.uncork();
  }

  private sendFrames(): void {
    const { log } = this.options;
    let frames = log.read(this.cursor);
    this.active ||= frames !== undefined;
    while (frames !== undefined) {
      this.writable = this.writer.write(frames);
      if (!this.writable) return;
      frames = log.read(this.cursor);
    }
  }

  private onDrain(): void {
    this.writable = true;
    this.silences = 0;
    this.wake();
  }

  private checkLag(): void {
    const { log } = this.options;
    if (log.hasLost(this.cursor)) return this.cut('gone');
    if (log.unread(this.cursor) + this.writer.unsentBytes > this.allowedLag) this.cut('slow');
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
    this.forgetDrain();
    this.options.log.detach(this);
    this.options.keepAlive.remove(this);
  }
}

const HEAD = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
} as const;
