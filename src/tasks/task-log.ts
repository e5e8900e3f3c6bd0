import { outputText } from './frames.js';

/** Frames that were appended together, serialised once and shared by all readers. */
export interface LogSegment {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly bytes: Buffer;
  /** Bytes of the whole log up to and with this segment. */
  readonly endByte: number;
}

/** Something that follows a log. `wake` is called after each append and must not throw. */
export interface LogReader {
  wake(): void;
}

/** Where a reader stands: the absolute number of the segment it reads next. */
export type SegmentNumber = number;

/** Trimming moves the whole array, so it waits until a quarter more than the limit has gathered. */
const SLACK = 1.25;

/**
 * What happened to one task, in order: append-only, sequence numbers 1, 2, 3 … without gaps, sealed by its last frame.
 * Only the newest `keepBytes` are held; the output text of what was let go is kept for the snapshot.
 */
export class TaskLog {
  private segments: LogSegment[] = [];
  private dropped: SegmentNumber = 0;
  private heldBytes = 0;
  private allBytes = 0;
  private droppedText = '';
  private readonly readers = new Set<LogReader>();
  private nextSeq = 1;
  private isSealed = false;

  constructor(private readonly keepBytes: number) {}

  /** Sequence number of the newest frame; 0 before any. */
  get lastSeq(): number {
    return this.nextSeq - 1;
  }

  /** Sequence number that the next frame will carry. */
  get upcomingSeq(): number {
    return this.nextSeq;
  }

  /** True once the terminal frame stands; nothing can follow it. */
  get sealed(): boolean {
    return this.isSealed;
  }

  get bytes(): number {
    return this.heldBytes;
  }

  /** Bytes ever appended. */
  get totalBytes(): number {
    return this.allBytes;
  }

  get readerCount(): number {
    return this.readers.size;
  }

  /**
   * Appends `count` frames whose texts carry the sequence numbers from `upcomingSeq` on, and wakes the readers.
   * @throws when the log is sealed: a frame after the terminal one would break every reader
   */
  append(text: string, count: number): void {
    this.write(text, count);
    this.wakeReaders();
  }

  /** Appends the terminal frame; nothing follows it. */
  seal(text: string): void {
    this.write(text, 1);
    this.isSealed = true;
    this.wakeReaders();
  }

  /** True when the frame after `after` is still held, or is the one to come. */
  holds(after: number): boolean {
    if (after > this.lastSeq) return false;
    const first = this.segments[0];
    return after === this.lastSeq || (first !== undefined && after + 1 >= first.firstSeq);
  }

  /**
   * Opens a place to read from. `rest` are the frames after `after` that share a segment with it, `startByte` is the
   * position behind them. The caller has asked `holds` before.
   */
  openAt(after: number): { readonly rest: Buffer | undefined; readonly next: SegmentNumber; readonly startByte: number } {
    const index = this.segments.findLastIndex((segment) => segment.firstSeq <= after + 1);
    const segment = this.segments[index];
    if (segment === undefined || segment.lastSeq <= after) {
      return { rest: undefined, next: this.endSegment, startByte: this.allBytes };
    }
    const skip = after + 1 - segment.firstSeq;
    const number = this.dropped + index;
    if (skip === 0) return { rest: undefined, next: number, startByte: segment.endByte - segment.bytes.length };
    return { rest: withoutFirstFrames(segment.bytes, skip), next: number + 1, startByte: segment.endByte };
  }

  /** Number of the segment that the next append will make. */
  get endSegment(): SegmentNumber {
    return this.dropped + this.segments.length;
  }

  /** The segment with this number; undefined when it is not there yet or no longer held. */
  segmentAt(number: SegmentNumber): LogSegment | undefined {
    return this.segments[number - this.dropped];
  }

  attach(reader: LogReader): void {
    this.readers.add(reader);
  }

  /** Forgets a reader; harmless when it is not attached. */
  detach(reader: LogReader): void {
    this.readers.delete(reader);
  }

  /** Output text of all tokens so far, also of frames that are no longer held. */
  text(): string {
    return this.droppedText + this.segments.map((segment) => outputText(segment.bytes.toString('utf8'))).join('');
  }

  /** Lets all frames go; the text stays. */
  release(): void {
    this.trim(0);
  }

  private write(text: string, count: number): void {
    if (this.isSealed) throw new Error('the task log is sealed');
    const bytes = Buffer.from(text, 'utf8');
    this.allBytes += bytes.length;
    this.segments.push({ firstSeq: this.nextSeq, lastSeq: this.nextSeq + count - 1, bytes, endByte: this.allBytes });
    this.nextSeq += count;
    this.heldBytes += bytes.length;
    if (this.heldBytes > this.keepBytes * SLACK) this.trim(this.keepBytes);
  }

  private wakeReaders(): void {
    for (const reader of this.readers) reader.wake();
  }

  private trim(keepBytes: number): void {
    let count = 0;
    while (this.heldBytes > keepBytes && count < this.segments.length) {
      const segment = this.segments[count++]!;
      this.heldBytes -= segment.bytes.length;
      this.droppedText += outputText(segment.bytes.toString('utf8'));
    }
    this.dropped += count;
    this.segments = this.segments.slice(count);
  }
}

function withoutFirstFrames(bytes: Buffer, count: number): Buffer {
  let at = 0;
  for (let skipped = 0; skipped < count; skipped++) at = bytes.indexOf('\n\n', at) + 2;
  return bytes.subarray(at);
}
