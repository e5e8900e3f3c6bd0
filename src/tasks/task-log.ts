import { type Piece, joined, outputText, piecesOf } from './frames.js';

/** Something that follows a log. `wake` is called after each append and must not throw. */
export interface LogReader {
  wake(): void;
}

/** Makes a log durable. It is told of each append before any reader is. */
export interface LogRecorder {
  appended(): void;
}

/** What is known of a log that outlived restarts. */
export interface LogRecovery {
  /** Of the daemon that goes on with it; different for each. */
  readonly epoch: number;
  /** Sequence numbers up to which it survived: one for each crash. */
  readonly after: readonly number[];
}

/** A place in a log: bytes before it have been read. Opened by the log, moved by `read`. */
export interface LogCursor {
  block: number;
  at: number;
}

/** Frames lie one behind the other in blocks; an append never spans two. */
interface Block {
  readonly bytes: Buffer;
  /** Sequence number of its first frame. */
  readonly firstSeq: number;
  /** Bytes of the log before it. */
  readonly startByte: number;
  used: number;
}

const SMALLEST_BLOCK = 256;
const FIRST_BLOCK = 1024;
const LARGEST_BLOCK = 16 * 1024;
const GROWTH = 4;
/** Of the kept bytes a sixteenth may be held too many, because whole blocks are let go. */
const BLOCKS_PER_LOG = 16;
/**
 * Frames that readers may have at most before they are durable. A crash forgets them, so that no cursor in the stretch
 * behind what was recovered says by itself which frames its reader has.
 */
export const MOST_UNRECORDED = 128;
const FRAME_END = '\n\n';

/**
 * What happened to one task, in order: append-only, sequence numbers 1, 2, 3 … without gaps, sealed by its last frame.
 * At least the newest `keepBytes` are held; what the tokens of the others said is kept for the snapshot.
 */
export class TaskLog {
  private blocks: Block[] = [];
  private droppedBlocks = 0;
  private dropped: readonly Piece[] = [];
  private readonly readers = new Set<LogReader>();
  private readonly largestBlock: number;
  private nextSeq = 1;
  private allBytes = 0;
  private isSealed = false;
  /** The terminal frame, until readers may have it. */
  private last: string | undefined;
  private recorder: LogRecorder | undefined;
  /** Bytes that readers may have, and the newest frame in them. */
  private readable = Infinity;
  private readableSeq = Infinity;
  private recovery: LogRecovery | undefined;
  private whenSealed: (() => void)[] = [];

  constructor(private readonly keepBytes: number) {
    this.largestBlock = Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, keepBytes / BLOCKS_PER_LOG));
  }

  /** A whole log that holds no frames any more. */
  static ofEnded(lastSeq: number, text: string): TaskLog {
    const log = new TaskLog(0);
    log.nextSeq = lastSeq + 1;
    log.dropped = text === '' ? [] : [{ text, reasoning: false }];
    log.isSealed = true;
    return log;
  }

  /** Sequence number of the newest frame; 0 before any. */
  get lastSeq(): number {
    return this.nextSeq - 1;
  }

  /** Sequence number that the next frame will carry. */
  get upcomingSeq(): number {
    return this.nextSeq;
  }

  /** True once the terminal frame is there; nothing can follow it. */
  get closed(): boolean {
    return this.last !== undefined || this.isSealed;
  }

  /** True once readers may have the terminal frame. */
  get sealed(): boolean {
    return this.isSealed;
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.writtenBytes - (this.blocks[0]?.startByte ?? this.allBytes);
  }

  /** Bytes of all frames so far, also of those that are no longer held. */
  get writtenBytes(): number {
    return this.allBytes + (this.last === undefined ? 0 : Buffer.byteLength(this.last));
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
    this.recorder?.appended();
    this.wakeReaders();
  }

  /** Appends the terminal frame for readers; nothing follows it. */
  seal(text: string): void {
    this.close(text);
    this.publish();
  }

  /** Takes the terminal frame. Nothing follows it, and readers get it once it is published. */
  close(text: string): void {
    if (this.closed) throw new Error('the task log is sealed');
    this.last = text;
  }

  /** Lets readers have the terminal frame. Twice is harmless. */
  publish(): void {
    if (this.last === undefined) return;
    const text = this.last;
    this.last = undefined;
    this.limitTo(Infinity, Infinity);
    this.write(text, 1);
    this.isSealed = true;
    this.wakeReaders();
    for (const resolve of this.whenSealed.splice(0)) resolve();
  }

  /** Settles once readers may have the terminal frame. */
  async ended(): Promise<void> {
    if (!this.isSealed) await new Promise<void>((resolve) => this.whenSealed.push(resolve));
  }

  recordBy(recorder: LogRecorder): void {
    this.recorder = recorder;
  }

  /** Readers may have so many bytes of the log and no more, for now. */
  limitTo(bytes: number, seq: number): void {
    this.readable = bytes;
    this.readableSeq = seq;
  }

  /** Readers may have more than before. */
  allow(bytes: number, seq: number): void {
    this.limitTo(bytes, seq);
    this.wakeReaders();
  }

  /** What stands so far is from a daemon that crashed; its readers may have had a little more. */
  markRecovered(recovery: LogRecovery): void {
    this.recovery = recovery;
  }

  /** Which writing of the log readers get; undefined while there is one only. */
  get epoch(): number | undefined {
    return this.recovery?.epoch;
  }

  /** What stands is all; its terminal frame is among it. */
  markWhole(): void {
    this.isSealed = true;
  }

  /** True when the frame after `after` is still held, or is the one to come. `epoch` is that of the cursor, if it has one. */
  holds(after: number, epoch?: number): boolean {
    if (after > Math.min(this.lastSeq, this.readableSeq)) return false;
    if (epoch !== this.epoch && this.isUncertain(after)) return false;
    const first = this.blocks[0];
    return after === this.lastSeq || (first !== undefined && after + 1 >= first.firstSeq);
  }

  /** Opens the place behind frame `after`. The caller has asked `holds` before. */
  open(after: number): LogCursor {
    const index = this.blocks.findLastIndex((block) => block.firstSeq <= after + 1);
    const block = this.blocks[index];
    if (block === undefined) return { block: this.droppedBlocks + this.blocks.length, at: 0 };
    return { block: this.droppedBlocks + index, at: bytesOfFrames(block, after + 1 - block.firstSeq) };
  }

  /** The frames behind the cursor as far as they lie together; the cursor moves behind them. Undefined: there are none yet. */
  read(cursor: LogCursor): Buffer | undefined {
    return this.framesUpTo(this.readable, cursor);
  }

  /** The same for the recorder, which is ahead of all readers. */
  readAll(cursor: LogCursor): Buffer | undefined {
    return this.framesUpTo(Infinity, cursor);
  }

  /** True when frames behind the cursor were let go before they were read. */
  hasLost(cursor: LogCursor): boolean {
    return cursor.block < this.droppedBlocks;
  }

  /** Bytes behind the cursor. */
  unread(cursor: LogCursor): number {
    const block = this.blocks[cursor.block - this.droppedBlocks];
    return block === undefined ? 0 : this.allBytes - block.startByte - cursor.at;
  }

  attach(reader: LogReader): void {
    this.readers.add(reader);
  }

  /** Forgets a reader; harmless when it is not attached. */
  detach(reader: LogReader): void {
    this.readers.delete(reader);
  }

  /** Output text as far as readers may have it, and the sequence number of the frame behind it. */
  get told(): { readonly text: string; readonly nextSeq: number } {
    if (this.readableSeq >= this.lastSeq) return { text: this.text(), nextSeq: this.nextSeq };
    const pieces = [...this.dropped, ...this.blocks.flatMap((block) => saidIn(block, this.readable))];
    return { text: outputText(pieces), nextSeq: this.readableSeq + 1 };
  }

  /** Output text of all tokens so far, also of frames that are no longer held. */
  text(): string {
    return outputText(this.pieces());
  }

  /** All that its tokens said so far, also those of frames that are no longer held; reasoning until `release`. */
  pieces(): readonly Piece[] {
    return joined([...this.dropped, ...this.blocks.flatMap((block) => saidIn(block, Infinity))]);
  }

  /** All frames that are held, oldest first. */
  frames(): string {
    return this.blocks.map(({ bytes, used }) => bytes.toString('utf8', 0, used)).join('');
  }

  /** Lets all frames go; the text stays. */
  release(): void {
    this.drop(this.blocks.length);
    this.dropped = this.dropped.filter(({ reasoning }) => !reasoning);
  }

  private framesUpTo(limit: number, cursor: LogCursor): Buffer | undefined {
    let block = this.blocks[cursor.block - this.droppedBlocks];
    if (block !== undefined && cursor.at === block.used && this.blocks.length > cursor.block - this.droppedBlocks + 1) {
      cursor.block++;
      cursor.at = 0;
      block = this.blocks[cursor.block - this.droppedBlocks];
    }
    if (block === undefined) return undefined;
    const end = Math.min(block.used, limit - block.startByte);
    if (end <= cursor.at) return undefined;
    const frames = block.bytes.subarray(cursor.at, end);
    cursor.at = end;
    return frames;
  }

  /** Another run may have put other frames in these places than a reader of before the crash has had there. */
  private isUncertain(after: number): boolean {
    return this.recovery?.after.some((seq) => after > seq && after <= seq + MOST_UNRECORDED) ?? false;
  }

  private write(text: string, count: number): void {
    if (this.closed) throw new Error('the task log is sealed');
    const block = this.blockFor(text);
    const length = block.bytes.write(text, block.used, 'utf8');
    block.used += length;
    this.allBytes += length;
    this.nextSeq += count;
  }

  private wakeReaders(): void {
    for (const reader of this.readers) reader.wake();
  }

  private blockFor(text: string): Block {
    const last = this.blocks.at(-1);
    const free = last === undefined ? 0 : last.bytes.length - last.used;
    // One UTF-16 unit takes at most three bytes, so most texts need no counting.
    if (last !== undefined && (text.length * 3 <= free || Buffer.byteLength(text) <= free)) return last;
    const wanted = last === undefined ? FIRST_BLOCK : last.bytes.length * GROWTH;
    const size = Math.max(Buffer.byteLength(text), Math.min(wanted, this.largestBlock));
    const block: Block = {
      bytes: Buffer.allocUnsafeSlow(size),
      firstSeq: this.nextSeq,
      startByte: this.allBytes,
      used: 0,
    };
    this.blocks.push(block);
    this.trim();
    return block;
  }

  private trim(): void {
    let count = 0;
    while (this.blocks.length - count > 1 && this.allBytes - this.blocks[count + 1]!.startByte >= this.keepBytes)
      count++;
    if (count > 0) this.drop(count);
  }

  private drop(count: number): void {
    this.dropped = joined([
      ...this.dropped,
      ...this.blocks.slice(0, count).flatMap((block) => saidIn(block, Infinity)),
    ]);
    this.droppedBlocks += count;
    this.blocks = this.blocks.slice(count);
  }
}

function saidIn({ bytes, used, startByte }: Block, limit: number): Piece[] {
  const end = Math.min(used, limit - startByte);
  return end <= 0 ? [] : piecesOf(bytes.toString('utf8', 0, end));
}

function bytesOfFrames(block: Block, count: number): number {
  let at = 0;
  for (let frame = 0; frame < count; frame++) at = block.bytes.indexOf(FRAME_END, at) + FRAME_END.length;
  return Math.min(at, block.used);
}
