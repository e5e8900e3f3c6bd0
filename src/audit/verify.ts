import { isUtf8 } from 'node:buffer';
import { BEFORE_ALL, type Place } from './chain.js';
import { type Cut, cutOf } from './cut.js';
import { headOf } from './head.js';
import { type AuditKeys, type ReaderKeys } from './keys.js';
import { type LineBlock, type LogFiles, type SegmentFile } from './log-files.js';
import { membersOf } from './members.js';
import { isRecordLine, RecordCheck } from './record-check.js';
import { RecordLines } from './record-lines.js';
import { RowCheck, type RowFault } from './row-check.js';

export interface Fault extends RowFault {
  /** Null where no line is at fault. */
  readonly file: string | null;
  readonly line: number | null;
}

export type Verdict =
  | {
      readonly ok: true;
      readonly rows: number;
      readonly first_seq: number;
      readonly last_seq: number;
      readonly last_hash: string;
      readonly checkpoints: number;
      readonly notes: readonly string[];
    }
  | { readonly ok: false; readonly fault: Fault };

/** A place that was written down elsewhere, such as in a log that is shipped away. */
export type Anchor = Place;

/** Carries the first fault out of the streams. */
class Found extends Error {
  constructor(readonly fault: Fault) {
    super(fault.what);
  }
}

/** Goes through a whole log; finds every edit, removal, insertion, reorder and truncation of what the head covers. */
export async function verifyLog(files: LogFiles, keys: AuditKeys, anchor?: Anchor): Promise<Verdict> {
  return verdictOf(async () => {
    const head = headIn(files, keys);
    const cut = cutIn(files, keys);
    const pass = new Pass(
      keys,
      cut === undefined ? BEFORE_ALL : { seq: cut.first_seq - 1, hash: cut.prev_hash },
      anchor,
    );
    const segments = files.segments.filter(({ firstSeq }) => firstSeq > pass.last.seq);
    for (const [index, segment] of segments.entries()) await pass.segment(segment, index === segments.length - 1);
    if (pass.last.seq < head.seq) throw truncated(pass.last.seq, head.seq);
    return pass.verdict(files.segments.length - segments.length);
  });
}

/** Goes through an export with the public key alone: all of it has to be covered by checkpoints. */
export async function verifyExport(
  file: { readonly name: string; readonly lines: AsyncIterable<LineBlock> },
  keys: ReaderKeys,
  anchor?: Anchor,
): Promise<Verdict> {
  return verdictOf(async () => {
    const pass = await exported(file, keys, anchor);
    if (pass.unsignedRows === 0) return pass.verdict(0);
    const [from, to] = [pass.last.seq - pass.unsignedRows + 1, pass.last.seq];
    const what = `no checkpoint covers rows ${from} to ${to}: without the key of the hashes they cannot be verified`;
    throw new Found({ kind: 'unsigned', seq: from, what, file: file.name, line: null });
  });
}

async function exported(
  { name, lines }: { readonly name: string; readonly lines: AsyncIterable<LineBlock> },
  keys: ReaderKeys,
  anchor?: Anchor,
): Promise<Pass> {
  let pass: Pass | undefined;
  for await (const block of lines) {
    for (const line of block.lines) {
      pass ??= new Pass(keys, placeBefore(line), anchor);
      pass.exported(line, name);
    }
    if (block.rest !== undefined) pass?.unfinished(block.rest, name, undefined);
  }
  if (pass !== undefined) return pass;
  throw new Found({ kind: 'segment', seq: null, what: 'there is no row in it', file: name, line: null });
}

/** One way through the rows. */
class Pass {
  private readonly check: RowCheck;
  private readonly firstSeq: number;
  private readonly notes: string[] = [];
  private line = 0;
  private recordOfLast: string | null = null;
  private anchorSeen = false;

  constructor(
    keys: ReaderKeys,
    before: Place,
    private readonly anchor: Anchor | undefined,
  ) {
    this.check = new RowCheck(keys, before);
    this.firstSeq = before.seq + 1;
  }

  get last(): Place {
    return this.check.last;
  }

  get unsignedRows(): number {
    return this.check.unsignedRows;
  }

  async segment(segment: SegmentFile, isLast: boolean): Promise<void> {
    const expected = this.last.seq + 1;
    if (segment.firstSeq !== expected) throw missingSegment(segment, expected);
    this.line = 0;
    const beside = new RecordLines(segment.records());
    const records = new RecordCheck(beside);
    try {
      for await (const { lines, rest } of segment.rows()) {
        for (const line of lines)
          await this.withRecord(this.row(line, segment.name), records, () => recordPlace(segment, beside));
        if (rest !== undefined) this.unfinished(rest, segment.name, isLast);
      }
      if (!isLast) this.requireEnd(segment);
      // Records of the last segment may be written before their rows.
      const lastSeq = isLast ? this.last.seq : Infinity;
      if (await records.isLeftOver(lastSeq))
        throw recordFault(this.last.seq, 'there is a record that no row names', recordPlace(segment, beside));
    } finally {
      await beside.close();
    }
  }

  /** Rows, and right behind theirs the records that were exported with them. */
  exported(line: Buffer, file: string): void {
    if (!isRecordLine(line)) return void (this.recordOfLast = this.row(line, file));
    this.line++;
    const what = RecordCheck.faultOfLine(line.toString(), this.last.seq, this.recordOfLast);
    if (what !== undefined) throw new Found({ kind: 'record', seq: this.last.seq, what, file, line: this.line });
  }

  /** A row that is being written, or that a crash has left: nobody was told that it is there. */
  unfinished(rest: Buffer, file: string, isLastSegment: boolean | undefined): void {
    const what = 'the last line is not finished';
    if (isLastSegment !== true) throw new Found({ kind: 'edited', seq: null, what, file, line: this.line + 1 });
    this.notes.push(`${what} (${rest.length} bytes): it is being written, or the next start cuts it off`);
  }

  verdict(leftovers: number): Verdict {
    const { last, check, anchor } = this;
    if (anchor !== undefined && !this.anchorSeen) this.missAnchor(anchor);
    if (leftovers > 0) this.notes.push(`${leftovers} segments before the cut are left over; they were not read`);
    const [rows, first_seq] = [last.seq - this.firstSeq + 1, this.firstSeq];
    const { checkpoints } = check;
    return { ok: true, rows, first_seq, last_seq: last.seq, last_hash: last.hash, checkpoints, notes: this.notes };
  }

  private async withRecord(digest: string | null, records: RecordCheck, place: () => FaultPlace): Promise<void> {
    if (digest === null) return;
    const what = await records.faultOf(this.last.seq, digest);
    if (what !== undefined) throw recordFault(this.last.seq, what, place());
  }

  /** Only the last segment may still be written. */
  private requireEnd({ firstSeq, name }: SegmentFile): void {
    const wrong = (what: string) => new Found({ kind: 'segment', seq: firstSeq, what, file: name, line: null });
    if (this.last.seq < firstSeq) throw wrong('the segment has no row');
    if (this.unsignedRows > 0) throw wrong('the segment does not end with a checkpoint');
  }

  private missAnchor({ seq }: Anchor): void {
    if (seq >= this.firstSeq) throw anchorMissing(seq, this.last.seq);
    this.notes.push(`row ${seq} of the anchor was dropped: the log begins at row ${this.firstSeq} now`);
  }

  /** Answers the digest of its record. */
  private row(line: Buffer, file: string): string | null {
    this.line++;
    if (!isUtf8(line)) throw new Found({ ...NOT_UTF8, seq: this.last.seq + 1, file, line: this.line });
    const { row, fault } = this.check.next(line.toString());
    if (fault !== undefined) throw new Found({ ...fault, file, line: this.line });
    if (row.seq === this.anchor?.seq) {
      this.anchorSeen = true;
      if (row.hash !== this.anchor.hash) throw new Found({ ...anchorFault(row.seq), file, line: this.line });
    }
    return row.record;
  }
}

const NOT_UTF8 = { kind: 'edited', what: 'this line is not UTF-8 text' } as const;

async function verdictOf(run: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Found) return { ok: false, fault: error.fault };
    throw error;
  }
}

function headIn({ head, segments }: LogFiles, keys: AuditKeys): Place {
  const where = { seq: null, file: 'head.jsonl', line: null };
  if (head === undefined) {
    const what = segments.length === 0 ? 'there is no log: no head and no rows' : 'the head is missing';
    throw new Found({ kind: 'head', what, ...where });
  }
  const place = headOf(head, keys.hashKey);
  if (place === undefined) throw new Found({ kind: 'head', what: 'the head is forged or of another key', ...where });
  return place;
}

function cutIn({ cut }: LogFiles, { publicKey }: AuditKeys): Cut | undefined {
  if (cut === undefined) return undefined;
  const found = cutOf(cut, publicKey);
  if (found !== undefined) return found;
  const what = 'the note of the rows that were dropped is forged';
  throw new Found({ kind: 'cut', seq: null, what, file: 'cut.json', line: null });
}

function missingSegment({ firstSeq, name }: SegmentFile, expected: number): Found {
  const what = `the segment of rows ${expected} to ${firstSeq - 1} is missing`;
  return new Found({ kind: 'segment', seq: expected, what, file: name, line: null });
}

type FaultPlace = Pick<Fault, 'file' | 'line'>;

function recordPlace({ recordsName }: SegmentFile, { taken }: RecordLines): FaultPlace {
  return { file: recordsName, line: taken };
}

function recordFault(seq: number, what: string, place: FaultPlace): Found {
  return new Found({ kind: 'record', seq, what, ...place });
}

function truncated(lastSeq: number, headSeq: number): Found {
  const what = `rows ${lastSeq + 1} to ${headSeq} are missing: the head says that the log goes on to row ${headSeq}`;
  return new Found({ kind: 'truncated', seq: lastSeq + 1, what, file: null, line: null });
}

function anchorFault(seq: number): RowFault {
  return { kind: 'anchor', seq, what: `row ${seq} is not the one of the anchor: the log was written anew` };
}

function anchorMissing(seq: number, lastSeq: number): Found {
  const what = `row ${seq} of the anchor is not there; the log ends at row ${lastSeq}`;
  return new Found({ kind: 'anchor', seq, what, file: null, line: null });
}

/** An export begins anywhere; what its first row says of the one before it is covered by the first checkpoint. */
function placeBefore(line: Buffer): Place {
  const { seq, prev_hash } = membersOf(line.toString());
  return { seq: Number(seq) - 1, hash: String(prev_hash) };
}
