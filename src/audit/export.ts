import { type LogFiles, type SegmentFile } from './log-files.js';
import { RecordLines } from './record-lines.js';

export interface ExportWish {
  /** From the stretch on that has a row of this time or later; undefined: from the start. */
  readonly sinceMs: number | undefined;
  /** With the decision records, each right behind its row. */
  readonly records: boolean;
}

export interface Exported {
  readonly rows: number;
  readonly first_seq: number | null;
  readonly last_seq: number | null;
  /** Rows behind the last checkpoint: nobody could verify them. */
  readonly left_out: number;
}

/** Writes whole stretches from checkpoint to checkpoint, line by line as they stand in the log. */
export async function exportLog(
  { segments }: LogFiles,
  wish: ExportWish,
  write: (text: string) => Promise<void>,
): Promise<Exported> {
  const writer = new StretchWriter(wish.sinceMs ?? 0, write);
  for (const segment of segments) await exportSegment(segment, wish, writer);
  return writer.result();
}

async function exportSegment(segment: SegmentFile, { records }: ExportWish, writer: StretchWriter): Promise<void> {
  const lines = new RecordLines(records ? segment.records() : none());
  try {
    for await (const block of segment.rows()) {
      for (const bytes of block.lines) {
        const row = bytes.toString();
        const record = records && !row.includes('"record":null') ? await lines.next() : undefined;
        await writer.add(row, record?.toString());
      }
    }
  } finally {
    await lines.close();
  }
}

/** Collects a stretch until its checkpoint comes. */
class StretchWriter {
  private waiting: string[] = [];
  private waitingRows = 0;
  private rows = 0;
  private firstSeq: number | null = null;
  private lastSeq: number | null = null;
  private hasBegun = false;

  constructor(
    private readonly sinceMs: number,
    private readonly write: (text: string) => Promise<void>,
  ) {}

  async add(row: string, record: string | undefined): Promise<void> {
    this.waiting.push(row, ...(record === undefined ? [] : [record]));
    this.waitingRows++;
    this.hasBegun ||= numberIn(row, 'ts_ms') >= this.sinceMs;
    if (!row.includes('"checkpoint":null')) await this.endStretch(numberIn(row, 'seq'));
  }

  result(): Exported {
    return { rows: this.rows, first_seq: this.firstSeq, last_seq: this.lastSeq, left_out: this.waitingRows };
  }

  private async endStretch(seq: number): Promise<void> {
    const { waiting, waitingRows } = this;
    this.waiting = [];
    this.waitingRows = 0;
    if (!this.hasBegun) return;
    await this.write(`${waiting.join('\n')}\n`);
    this.rows += waitingRows;
    this.firstSeq ??= seq - waitingRows + 1;
    this.lastSeq = seq;
  }
}

/** Quotes inside of a text are escaped, so a member is found at its own place alone. */
function numberIn(row: string, member: 'seq' | 'ts_ms'): number {
  return Number(new RegExp(`"${member}":(\\d+)`).exec(row)?.[1] ?? 0);
}

async function* none(): AsyncGenerator<never> {}
