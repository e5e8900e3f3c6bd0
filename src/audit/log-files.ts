/** Whole lines of one piece of a file, without their line breaks. */
export interface LineBlock {
  readonly lines: readonly Buffer[];
  /** What stands behind the last line break of the file, if anything does. */
  readonly rest?: Buffer;
}

/** A stretch of the log as its files are found. */
export interface SegmentFile {
  /** What its name says. */
  readonly firstSeq: number;
  readonly name: string;
  rows(): AsyncIterable<LineBlock>;
  readonly recordsName: string;
  records(): AsyncIterable<LineBlock>;
}

/** A log as it is found. The head was read before the rows: they may have grown meanwhile. */
export interface LogFiles {
  readonly head: string | undefined;
  readonly cut: string | undefined;
  /** Oldest first. */
  readonly segments: readonly SegmentFile[];
}
