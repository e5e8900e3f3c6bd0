import { type LogCursor, type LogRecorder, MOST_UNRECORDED } from './task-log.js';
import { progressOf } from './task-record.js';
import { type Ending, type FrameChunk } from './task-store.js';
import { type Task } from './task.js';

/** Frames of one task that do not wait for those of others. */
const MOST_WAITING = 64;

/** How far the log of one task has been recorded. */
export class LogRecording implements LogRecorder {
  private readonly cursor: LogCursor;
  private recordedSeq: number;
  private recordedBytes: number;
  /** Where the recording stands if the chunk in flight is stored, and where it goes back to if not. */
  private inFlight: { readonly seq: number; readonly bytes: number; readonly from: LogCursor } | undefined;
  private knownProgress: string | undefined;
  private progressInFlight: string | undefined;
  private isClosed = false;

  constructor(
    readonly task: Task,
    /** Readers get nothing that is not recorded. */
    readonly isStrict: boolean,
    isRecovered: boolean,
    private readonly onAppended: (recording: LogRecording) => void,
  ) {
    const { log } = task;
    this.recordedSeq = isRecovered ? log.lastSeq : 0;
    this.recordedBytes = isRecovered ? log.writtenBytes : 0;
    this.cursor = log.open(this.recordedSeq);
    if (isStrict) this.holdBack();
  }

  /** Nothing more of it is to be written by itself: the task has ended, or was refused. */
  get isOver(): boolean {
    return this.isClosed;
  }

  close(): void {
    this.isClosed = true;
  }

  /** Its frames do not wait for those of others. The first one tells a later daemon that an engine had the task. */
  get isUrgent(): boolean {
    return this.isStrict || this.recordedSeq === 0 || this.unrecorded >= MOST_WAITING;
  }

  /** Frames that a crash would take. */
  get unrecorded(): number {
    return this.task.log.lastSeq - (this.inFlight?.seq ?? this.recordedSeq);
  }

  appended(): void {
    if (this.isClosed) return;
    if (this.isBehind) this.holdBack();
    this.onAppended(this);
  }

  /** The frames behind those that are recorded; undefined when there are none, or when they were let go too early. */
  take(now: number): FrameChunk | undefined {
    const { task, cursor } = this;
    if (task.log.hasLost(cursor)) return this.giveUp();
    const from = { ...cursor };
    const bytes = this.readRest();
    if (bytes.length === 0) return undefined;
    const firstSeq = this.recordedSeq + 1;
    this.inFlight = { seq: task.log.lastSeq, bytes: this.recordedBytes + bytes.length, from };
    const progress = progressOf(task);
    const text = JSON.stringify(progress);
    this.progressInFlight = text;
    return {
      ...{ key: task.key, firstSeq, count: task.log.lastSeq - this.recordedSeq, bytes },
      ...{ tokensOut: task.tokensOut, decodeMs: task.decodeMs(now) },
      ...(text === this.knownProgress ? {} : { progress }),
    };
  }

  /** The chunk in flight is durable. */
  stored(): void {
    if (this.inFlight === undefined) return;
    this.recordedSeq = this.inFlight.seq;
    this.recordedBytes = this.inFlight.bytes;
    this.inFlight = undefined;
    this.knownProgress = this.progressInFlight;
    if (this.isStrict || this.isBehind) this.task.log.allow(this.recordedBytes, this.recordedSeq);
    else this.task.log.allow(Infinity, Infinity);
  }

  /** The store did not take the chunk in flight; it comes again. */
  refused(): void {
    if (this.inFlight !== undefined) Object.assign(this.cursor, this.inFlight.from);
    this.inFlight = undefined;
  }

  /** What is not recorded yet with the terminal frame behind it; nothing may be in flight. */
  lastFrames(text: string): Ending['frames'] {
    const { log } = this.task;
    if (log.hasLost(this.cursor)) return undefined;
    const bytes = Buffer.concat([this.readRest(), Buffer.from(text)]);
    return { firstSeq: this.recordedSeq + 1, count: log.upcomingSeq - this.recordedSeq, bytes: new Uint8Array(bytes) };
  }

  /** A copy of its own: the blocks of the log live on, and a view would drag the whole block along. */
  private readRest(): Uint8Array {
    const parts: Buffer[] = [];
    for (let part = this.next(); part !== undefined; part = this.next()) parts.push(part);
    const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  private get isBehind(): boolean {
    return this.task.log.lastSeq - this.recordedSeq > MOST_UNRECORDED;
  }

  private holdBack(): void {
    this.task.log.limitTo(this.recordedBytes, this.recordedSeq);
  }

  /** The log let frames go that the store never took: a crash costs this answer, its readers wait no longer. */
  private giveUp(): undefined {
    this.isClosed = true;
    this.task.log.allow(Infinity, Infinity);
  }

  private next(): Buffer | undefined {
    return this.task.log.readAll(this.cursor);
  }
}
