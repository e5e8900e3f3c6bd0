import { type AuditRow } from '../audit/audit-log.js';
import { type LineBlock, type LogFiles } from '../audit/log-files.js';
import { isRecordLine, recordIn } from '../audit/record-check.js';
import { RecordLines } from '../audit/record-lines.js';
import { isRow } from './record-shape.js';
import { UserInputError } from './user-input-error.js';
import { type AuditedRow, auditedRow, isRecorded, type RecordedDecision } from './recorded.js';

/** Where recorded decisions come from: an export, a data folder, a running daemon. */
export abstract class DecisionSource {
  /** Every row, oldest first. */
  abstract rows(): AsyncIterable<AuditedRow>;

  /** The rows that have a record of policies, oldest first. */
  async *all(): AsyncGenerator<RecordedDecision> {
    for await (const one of this.rows()) if (isRecorded(one)) yield one;
  }

  /** The newest of them, oldest first. */
  async *newest(count: number | undefined): AsyncGenerator<RecordedDecision> {
    if (count === undefined) {
      yield* this.all();
      return;
    }
    const last: RecordedDecision[] = [];
    for await (const one of this.all()) {
      last.push(one);
      if (last.length > 2 * count) last.splice(0, last.length - count);
    }
    yield* last.slice(-count);
  }

  /** By decision id, or number of the audit row: all rows of it. */
  async find(decision: string): Promise<readonly AuditedRow[]> {
    const found: AuditedRow[] = [];
    for await (const one of this.rows()) if (isMeant(one, decision)) found.push(one);
    return found;
  }
}

function isMeant({ row }: AuditedRow, decision: string): boolean {
  return row.decision_id === decision || String(row.seq) === decision;
}

/** Modules that decided once, by digest. */
export abstract class ModuleStore {
  abstract read(digest: string): Promise<Uint8Array | undefined>;
}

/** An export: where it was made with its records, each stands right behind its row. */
export class ExportedDecisions extends DecisionSource {
  constructor(private readonly lines: () => AsyncIterable<LineBlock>) {
    super();
  }

  override async *rows(): AsyncGenerator<AuditedRow> {
    let row: AuditRow | undefined;
    for await (const line of linesOf(this.lines())) {
      if (isRecordLine(line)) {
        if (row !== undefined) yield auditedRow(row, parsed(recordIn(line.toString())));
        row = undefined;
        continue;
      }
      if (row !== undefined) yield auditedRow(row, undefined);
      row = exportedRow(line.toString());
    }
    if (row !== undefined) yield auditedRow(row, undefined);
  }
}

/** The log of a data folder, while a daemon writes it or after. */
export class LoggedDecisions extends DecisionSource {
  constructor(private readonly files: () => LogFiles) {
    super();
  }

  override async *rows(): AsyncGenerator<AuditedRow> {
    for (const segment of this.files().segments) {
      const records = new Records(new RecordLines(segment.records()));
      try {
        for await (const line of linesOf(segment.rows())) {
          const row = JSON.parse(line.toString()) as AuditRow;
          yield auditedRow(row, row.record === null ? undefined : await records.of(row.seq));
        }
      } finally {
        await records.close();
      }
    }
  }
}

/** Rows come in order, and so do the records that name them. */
class Records {
  private next: { readonly seq: number; readonly line: string } | undefined;

  constructor(private readonly lines: RecordLines) {}

  /** Undefined when it is not there (yet). */
  async of(seq: number): Promise<unknown> {
    while (this.next === undefined || this.next.seq < seq) {
      const line = (await this.lines.next())?.toString();
      if (line === undefined) return undefined;
      this.next = { seq: Number(/^\{"seq":(\d+)/.exec(line)?.[1]), line };
    }
    return this.next.seq === seq ? (JSON.parse(recordIn(this.next.line)) as unknown) : undefined;
  }

  close(): Promise<void> {
    return this.lines.close();
  }
}

/** @throws UserInputError for a line that is none */
function exportedRow(line: string): AuditRow {
  const row = parsed(line);
  if (isRow(row)) return row;
  throw new UserInputError('the file holds a line that is no row of the audit; make it with audit export --records');
}

/** Undefined for what is no JSON. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function* linesOf(blocks: AsyncIterable<LineBlock>): AsyncGenerator<Buffer> {
  for await (const { lines } of blocks) yield* lines;
}
