import { stat, truncate } from 'node:fs/promises';
import { BEFORE_ALL, ChainEnd, type Place } from '../../audit/chain.js';
import { type AuditKeys } from '../../audit/keys.js';
import { RowCheck } from '../../audit/row-check.js';
import { type OpenFile } from './append-file.js';
import { readHead } from './head-file.js';
import { linesForward, offsetOf } from './line-file.js';
import { type AuditPlaces, listSegments, type SegmentPlace } from './places.js';
import { Segment } from './segment.js';

const NO_HEAD = 'the head of the audit is missing or forged';

/** How the log of an earlier start was found. */
export interface FoundLog {
  readonly end: ChainEnd;
  /** The segment that goes on, when its last rows are not signed yet. */
  readonly segment: Segment | undefined;
  /** What is to be said of it in the first row of this start. */
  readonly note: string | null;
  /** It is not as it was written. */
  readonly isDamaged: boolean;
}

/** Reads the last segment, and cuts off the row that a crash has left unfinished. Damage is left as it is. */
export async function findEnd(places: AuditPlaces, keys: AuditKeys, open?: OpenFile): Promise<FoundLog> {
  const head = readHead(places.head, keys.hashKey);
  const last = listSegments(places.folder).at(-1);
  if (last === undefined) return withoutSegments(keys, head);
  const tail = await readTail(last, keys, head);
  const { end } = tail;
  const damage = tail.damage ?? missingBehind(end.head, head);
  if (damage !== undefined) return goOnElsewhere(keys, later(end.head, head), last, damage);
  const lengths = { rows: tail.bytes, records: await offsetOf(last.records, end.head.seq + 1) };
  await cutOff(last.rows, lengths.rows);
  await cutOff(last.records, lengths.records);
  const isOver = tail.bytes > 0 && end.unsignedRows === 0;
  const segment = isOver ? undefined : new Segment(last, tail.startedMs, open, lengths);
  const note = tail.tornBytes === 0 ? null : `an unfinished row of ${tail.tornBytes} bytes was cut off`;
  return { end, segment, note, isDamaged: false };
}

/** What the whole rows of the last segment say. */
interface Tail {
  readonly end: ChainEnd;
  /** Of whole rows. */
  readonly bytes: number;
  readonly tornBytes: number;
  readonly startedMs: number;
  readonly damage?: string;
}

/** A segment begins behind a checkpoint, so its rows alone tell what is not signed yet. */
async function readTail({ rows, firstSeq }: SegmentPlace, keys: AuditKeys, head: Place | undefined): Promise<Tail> {
  const before = head ?? { seq: firstSeq - 1, hash: BEFORE_ALL.hash };
  let tail: Tail = { end: new ChainEnd(keys, before), bytes: 0, tornBytes: 0, startedMs: 0 };
  let check: RowCheck | undefined;
  for await (const { lines, rest } of linesForward(rows)) {
    for (const line of lines) {
      const text = line.toString();
      check ??= new RowCheck(keys, { seq: firstSeq - 1, hash: prevHashOf(text) });
      const { row, fault } = check.next(text);
      if (fault !== undefined) return { ...tail, damage: fault.what };
      const isFirst = tail.bytes === 0;
      const end = isFirst ? new ChainEnd(keys, { seq: firstSeq - 1, hash: row.prev_hash }) : tail.end;
      end.follow(row, text);
      const startedMs = isFirst ? row.ts_ms : tail.startedMs;
      tail = { ...tail, end, startedMs, bytes: tail.bytes + line.length + 1 };
    }
    tail = { ...tail, tornBytes: rest?.length ?? 0 };
  }
  return tail;
}

function prevHashOf(line: string): string {
  return /"prev_hash":"([0-9a-f]{64})"/.exec(line)?.[1] ?? BEFORE_ALL.hash;
}

/** Nobody was told that what is cut off was there: an unfinished row, and records whose rows were never written. */
async function cutOff(path: string, length: number): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > length) await truncate(path, length);
}

function withoutSegments(keys: AuditKeys, head: Place | undefined): FoundLog {
  if (head === undefined) return goOnElsewhere(keys, BEFORE_ALL, undefined, NO_HEAD);
  if (head.seq > 0) return goOnElsewhere(keys, head, undefined, 'the rows of the audit are missing');
  return { end: new ChainEnd(keys, head), segment: undefined, note: null, isDamaged: false };
}

function missingBehind({ seq }: Place, head: Place | undefined): string | undefined {
  if (head === undefined) return NO_HEAD;
  return head.seq > seq ? `audit rows ${seq + 1} to ${head.seq} are missing` : undefined;
}

/** What was tampered with stays as evidence: the chain goes on in a segment of its own, and every verification says so. */
function goOnElsewhere(keys: AuditKeys, place: Place, last: SegmentPlace | undefined, note: string): FoundLog {
  const seq = Math.max(place.seq, last?.firstSeq ?? 0);
  return { end: new ChainEnd(keys, { ...place, seq }), segment: undefined, note, isDamaged: true };
}

function later(place: Place, head: Place | undefined): Place {
  return head !== undefined && head.seq >= place.seq ? head : place;
}
