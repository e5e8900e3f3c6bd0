import {
  type AuditEntry,
  AuditLog,
  type AuditQuery,
  type AuditRow,
  type DecisionRecord,
} from '../../audit/audit-log.js';
import { type Place } from '../../audit/chain.js';
import { type AuditKeys, publicPem } from '../../audit/keys.js';
import { draftOf, type Draft, type SealedRecord, sealRecord } from '../../audit/row.js';
import { type CancelTimer, type Clock } from '../../kernel/clock.js';
import { AppError } from '../../kernel/errors.js';
import { type Redactor } from '../../observability/redactor.js';
import { AuditReader } from './audit-reader.js';
import { type AuditTelemetry } from './audit-telemetry.js';
import { type AuditWriter, type NewRow } from './audit-writer.js';
import { GroupCommit } from './group-commit.js';
import { type Retention } from './retention.js';

export interface AuditFilesPorts {
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly telemetry: AuditTelemetry;
  readonly keys: AuditKeys;
  readonly folder: string;
  readonly writer: AuditWriter;
  readonly retention: Retention;
  /** False: what decisions were made from is not kept. */
  readonly keepsRecords: boolean;
  readonly checkpointMs: number;
}

/** A row, a wish for a checkpoint, or an attempt after a failure. */
type Item =
  | { readonly type: 'row'; readonly draft: Draft; readonly record: SealedRecord | undefined; seq: number }
  | { readonly type: 'checkpoint' }
  | { readonly type: 'attempt' };

const MOST_PER_WRITE = 128;
const MOST_WAITING = 10_000;
const RETRY_MS = 1_000;
/** A disk that has not answered for so long does not count as writable. */
const SILENT_MS = 10_000;
const RETENTION_LOOK_MS = 3_600_000;

/** The log as files of JSON lines: one writer, any readers. */
export class AuditFiles extends AuditLog {
  private readonly commits: GroupCommit<Item>;
  private readonly reader: AuditReader;
  /** Since when the disk takes nothing, and how many rows it has refused. */
  private outage: { readonly sinceMs: number; refused: number } | undefined;
  private cancelCheckpoint: CancelTimer | undefined;
  private cancelLook: CancelTimer | undefined;
  private cancelRetry: CancelTimer | undefined;
  private looking: Promise<void> = Promise.resolve();
  private closing: Promise<void> | undefined;

  constructor(private readonly ports: AuditFilesPorts) {
    super();
    this.commits = new GroupCommit(
      (batch) => this.commit(batch),
      () => this.mostPerWrite,
      ports.clock,
    );
    this.reader = new AuditReader(ports.folder, () => this.head.seq);
    ports.telemetry.showBacklog(
      () => this.commits.size,
      () => this.commits.ageMs,
    );
    this.lookAtAge();
  }

  override get head(): Place {
    return this.ports.writer.place;
  }

  override get isWritable(): boolean {
    return this.outage === undefined && this.commits.ageMs < SILENT_MS;
  }

  override get publicKey(): string {
    return publicPem(this.ports.keys.publicKey);
  }

  override async append(entry: AuditEntry, record?: DecisionRecord): Promise<number> {
    const { clock, redactor, telemetry, keepsRecords } = this.ports;
    if (this.closing !== undefined) throw refused('the daemon is shutting down');
    if (this.commits.size >= MOST_WAITING) throw refused('too many rows wait for the disk');
    const beganAt = clock.now();
    const sealed = record === undefined || !keepsRecords ? undefined : sealRecord(record, redactor);
    const draft = draftOf(entry, clock.epochMs(), sealed?.sha256 ?? null, redactor);
    const item = { type: 'row' as const, draft, record: sealed, seq: 0 };
    await this.commits.add(item).catch((cause: unknown) => {
      throw refused('the data folder does not take it', cause);
    });
    telemetry.written(entry.action, clock.now() - beganAt);
    return item.seq;
  }

  override read(query: AuditQuery): Promise<readonly AuditRow[]> {
    return this.reader.read(query);
  }

  override recordOf(seq: number): Promise<DecisionRecord | undefined> {
    return this.reader.recordOf(seq);
  }

  override close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  /** A checkpoint is the last row of a write, so that a segment can end there. */
  private get mostPerWrite(): number {
    return Math.min(MOST_PER_WRITE, this.ports.writer.rowsToCheckpoint);
  }

  private async end(): Promise<void> {
    this.cancelCheckpoint?.();
    this.cancelLook?.();
    this.cancelRetry?.();
    await this.looking;
    await this.commits.add({ type: 'checkpoint' }).catch(() => {});
    await this.commits.idle();
    await this.ports.writer.close().catch((error: unknown) => this.ports.telemetry.failed(error));
  }

  private async commit(batch: readonly Item[]): Promise<void> {
    const rows = batch.filter((item) => item.type === 'row');
    const note = this.outage === undefined ? [] : [this.noteOf(this.outage)];
    const isDue = batch.some(({ type }) => type === 'checkpoint');
    try {
      if (!(await this.ports.writer.isIntact())) await this.leaveSegment();
      const { firstSeq, isSigned } = await this.ports.writer.write([...note, ...rows], this.checkpointDraft(), isDue);
      rows.forEach((row, index) => (row.seq = firstSeq + note.length + index));
      this.committed(note.length, isSigned);
    } catch (error) {
      this.failed(error, rows.length);
      throw error;
    }
  }

  private committed(notes: number, isSigned: boolean): void {
    const { telemetry, clock, checkpointMs, writer } = this.ports;
    this.outage = undefined;
    telemetry.recovered();
    if (notes > 0) telemetry.written('audit.start');
    if (isSigned) {
      telemetry.written('audit.checkpoint');
      telemetry.signed(writer.place.seq, writer.place.hash);
      this.cancelCheckpoint?.();
      this.cancelCheckpoint = undefined;
    }
    if (writer.unsignedRows === 0 || this.closing !== undefined) return;
    this.cancelCheckpoint ??= clock.schedule(checkpointMs, () => {
      this.cancelCheckpoint = undefined;
      void this.commits.add({ type: 'checkpoint' }).catch(() => {});
    });
  }

  /** Tries again by itself, so that a daemon to which nobody comes any more gets ready again. */
  private failed(error: unknown, rows: number): void {
    const { telemetry, clock } = this.ports;
    telemetry.failed(error);
    this.outage ??= { sinceMs: clock.epochMs(), refused: 0 };
    this.outage.refused += rows;
    if (this.closing !== undefined) return;
    this.cancelRetry ??= clock.schedule(RETRY_MS, () => {
      this.cancelRetry = undefined;
      if (this.outage !== undefined) void this.commits.add({ type: 'attempt' }).catch(() => {});
    });
  }

  /** Somebody else wrote into the segment. It is left as it is. */
  private async leaveSegment(): Promise<void> {
    this.ports.telemetry.damaged(`the audit segment from row ${this.ports.writer.segmentSeq} on was changed by others`);
    await this.ports.writer.endSegment();
  }

  private noteOf({ sinceMs, refused }: { readonly sinceMs: number; readonly refused: number }): NewRow {
    const since = new Date(sinceMs).toISOString();
    const reason = `the audit can be written again; ${refused} rows were refused since ${since}`;
    return { draft: this.ownDraft('audit.start', reason), record: undefined };
  }

  private checkpointDraft(): Draft {
    return this.ownDraft('audit.checkpoint', null);
  }

  private ownDraft(action: AuditRow['action'], reason: string | null): Draft {
    const { clock, redactor } = this.ports;
    return draftOf(byAudit(action, reason), clock.epochMs(), null, redactor);
  }

  private lookAtAge(): void {
    const { clock, telemetry } = this.ports;
    this.cancelLook = clock.schedule(RETENTION_LOOK_MS, () => this.lookAtAge());
    this.looking = this.dropOld().catch((error: unknown) => telemetry.notDropped(error));
  }

  private async dropOld(): Promise<void> {
    const { clock, retention, writer, telemetry } = this.ports;
    const dropped = await retention.cut(clock.epochMs(), writer.segmentSeq);
    if (dropped === undefined) return;
    const { fromSeq, toSeq } = dropped;
    telemetry.dropped(fromSeq, toSeq);
    const reason = `rows ${fromSeq} to ${toSeq} were dropped: they are older than audit.retention_days`;
    await this.append(byAudit('audit.cut', reason)).catch(() => {});
  }
}

/** What the log says of itself. */
export function byAudit(action: AuditRow['action'], reason: string | null): AuditEntry {
  return { actor: 'system', tenant: 'default', action, target: 'audit', decision: 'ok', reason, correlation_id: null };
}

function refused(why: string, cause?: unknown): AppError {
  const message = `what was asked for must be audited, and the audit could not be written: ${why}`;
  return new AppError('INTERNAL', `${message}; the operator has to see to the data folder`, { cause });
}
