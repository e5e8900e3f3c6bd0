import { type Piece, joined, outputText, piecesOf } from './frames.js';

/** Something that follows a log. `wake` is called after each append and must not throw. */
export interface LogReader {
  wake(): void;
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

  constructor(private readonly keepBytes: number) {
    this.largestBlock = Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, keepBytes / BLOCKS_PER_LOG));
  }

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

  /** Bytes that are held. */
  get bytes(): number {
    return this.allBytes - (this.blocks[0]?.startByte ?? this.allBytes);
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
    let block = this.blocks[cursor.block - this.droppedBlocks];
    if (block !== undefined && cursor.at === block.used && this.blocks.length > cursor.block - this.droppedBlocks + 1) {
      cursor.block++;
      cursor.at = 0;
      block = this.blocks[cursor.block - this.droppedBlocks];
    }
    if (block === undefined || cursor.at === block.used) return undefined;
    const frames = block.bytes.subarray(cursor.at, block.used);
    cursor.at = block.used;
    return frames;
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

  /** Output text of all tokens so far, also of frames that are no longer held. */
  text(): string {
    return outputText(this.pieces());
  }

  /** All that its tokens said so far, also those of frames that are no longer held; reasoning until `release`. */
  pieces(): readonly Piece[] {
    return joined([...this.dropped, ...this.blocks.flatMap(saidIn)]);
  }

  /** Lets all frames go; the text stays. */
  release(): void {
    this.drop(this.blocks.length);
    this.dropped = this.dropped.filter(({ reasoning }) => !reasoning);
  }

  private write(text: string, count: number): void {
    if (this.isSealed) throw new Error('the task log is sealed');
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
    this.dropped = joined([...this.dropped, ...this.blocks.slice(0, count).flatMap(saidIn)]);
    this.droppedBlocks += count;
    this.blocks = this.blocks.slice(count);
  }
}

function saidIn({ bytes, used }: Block): Piece[] {
  return piecesOf(bytes.toString('utf8', 0, used));
}

function bytesOfFrames(block: Block, count: number): number {
  let at = 0;
  for (let frame = 0; frame < count; frame++) at = block.bytes.indexOf(FRAME_END, at) + FRAME_END.length;
  return Math.min(at, block.used);
}
