import { type AuditQuery, type AuditRow, type DecisionRecord } from '../../audit/audit-log.js';
import { recordIn } from '../../audit/record-check.js';
import { sha256 } from '../../audit/row.js';
import { type LineBlock } from '../../audit/log-files.js';
import { linesBackward, linesForward, offsetOf, seqOf } from './line-file.js';
import { listSegments, type SegmentPlace } from './places.js';

/** Reads what is on disk, while it is written too. */
export class AuditReader {
  constructor(
    private readonly folder: string,
    /** Rows beyond this one are not on disk for certain. */
    private readonly lastSeq: () => number,
  ) {}

  async read(query: AuditQuery): Promise<readonly AuditRow[]> {
    const found: AuditRow[] = [];
    const lastSeq = this.lastSeq();
    for await (const { lines } of query.newestFirst ? this.backward(query.afterSeq) : this.forward(query.afterSeq)) {
      for (const line of lines) {
        const row = rowIn(line, query);
        if (row === undefined || row.seq > lastSeq || !isWanted(row, query)) continue;
        if (found.push(row) === query.limit) return found;
      }
    }
    return found;
  }

  /** @throws Error when the record is not the one that the row names */
  async recordOf(seq: number): Promise<DecisionRecord | undefined> {
    const [row] = await this.read({ afterSeq: seq - 1, limit: 1 });
    const segment = this.segments.findLast(({ firstSeq }) => firstSeq <= seq);
    if (row?.seq !== seq || row.record === null || segment === undefined) return undefined;
    const text = await recordText(segment, seq);
    if (text === undefined || sha256(text) !== row.record)
      throw new Error(`the record of audit row ${seq} is not the one that was written; see llama-orch audit verify`);
    return JSON.parse(text) as DecisionRecord;
  }

  private get segments(): SegmentPlace[] {
    return listSegments(this.folder);
  }

  private async *forward(afterSeq = 0): AsyncGenerator<LineBlock> {
    const { segments } = this;
    const first = Math.max(
      0,
      segments.findLastIndex(({ firstSeq }) => firstSeq <= afterSeq + 1),
    );
    for (const { rows } of segments.slice(first)) yield* linesForward(rows, await offsetOf(rows, afterSeq + 1));
  }

  private async *backward(beforeSeq = Infinity): AsyncGenerator<LineBlock> {
    for (const { rows } of this.segments.filter(({ firstSeq }) => firstSeq < beforeSeq).reverse()) {
      yield* linesBackward(rows, beforeSeq === Infinity ? undefined : await offsetOf(rows, beforeSeq));
    }
  }
}

async function recordText({ records }: SegmentPlace, seq: number): Promise<string | undefined> {
  for await (const { lines } of linesForward(records, await offsetOf(records, seq))) {
    for (const line of lines) return seqOf(line) === seq ? recordIn(line.toString()) : undefined;
  }
  return undefined;
}

/** Lines that cannot match are not parsed. */
function rowIn(line: Buffer, { action }: AuditQuery): AuditRow | undefined {
  if (action !== undefined && !line.includes(`"action":"${action}"`)) return undefined;
  try {
    return JSON.parse(line.toString()) as AuditRow;
  } catch {
    // Somebody has written into the log: `audit verify` says where.
    return undefined;
  }
}

function isWanted(row: AuditRow, { action, sinceMs = 0, tenant, afterSeq, newestFirst }: AuditQuery): boolean {
  if (action !== undefined && row.action !== action) return false;
  if (tenant !== undefined && row.tenant !== tenant) return false;
  if (afterSeq !== undefined && (newestFirst ? row.seq >= afterSeq : row.seq <= afterSeq)) return false;
  return row.ts_ms >= sinceMs;
}
