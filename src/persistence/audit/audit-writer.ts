import { type ChainEnd, type Place } from '../../audit/chain.js';
import { type AuditKeys } from '../../audit/keys.js';
import { recordLine } from '../../audit/record-check.js';
import { type Draft, type SealedRecord } from '../../audit/row.js';
import { type OpenFile } from './append-file.js';
import { type HeadFile } from './head-file.js';
import { segmentPlace } from './places.js';
import { Segment } from './segment.js';

export interface AuditWriterPorts {
  readonly folder: string;
  readonly keys: AuditKeys;
  readonly head: HeadFile;
  readonly open?: OpenFile;
  /** Rows after which a checkpoint is signed. */
  readonly checkpointRows: number;
}

export interface NewRow {
  readonly draft: Draft;
  readonly record: SealedRecord | undefined;
}

/** What became of a batch. */
export interface Written {
  readonly firstSeq: number;
  readonly isSigned: boolean;
}

const SEGMENT_BYTES = 4 * 1024 * 1024;
const DAY_MS = 86_400_000;

/** Writes the chain into segments: all of a batch is on disk, or nothing of it counts. */
export class AuditWriter {
  constructor(
    private readonly ports: AuditWriterPorts,
    private end: ChainEnd,
    /** The one that goes on; undefined where the next row begins another. */
    private segment?: Segment,
  ) {}

  get place(): Place {
    return this.end.head;
  }

  get unsignedRows(): number {
    return this.end.unsignedRows;
  }

  get rowsToCheckpoint(): number {
    return this.ports.checkpointRows - this.end.unsignedRows;
  }

  /** First row of the segment that is being written, or will be. */
  get segmentSeq(): number {
    return this.segment?.place.firstSeq ?? this.place.seq + 1;
  }

  /**
   * @param checkpoint its draft; it is signed when `isDue`, or when enough rows have come together
   * @throws Error when the disk does not take it
   */
  async write(rows: readonly NewRow[], checkpoint: Draft, isDue: boolean): Promise<Written> {
    const end = this.end.copy();
    const firstSeq = end.head.seq + 1;
    const records = rows.flatMap(({ record }, index) =>
      record === undefined ? [] : [`${recordLine(firstSeq + index, record.text)}\n`],
    );
    const lines = rows.map(({ draft }) => `${end.add(draft)}\n`);
    const isSigned = end.unsignedRows >= (isDue ? 1 : this.ports.checkpointRows);
    if (isSigned) lines.push(`${end.addCheckpoint(checkpoint)}\n`);
    if (lines.length > 0) await this.put(Buffer.from(lines.join('')), Buffer.from(records.join('')), end, checkpoint);
    // What is written is written, however the old file lets go.
    if (isSigned && this.isFull(checkpoint.ts_ms)) await this.endSegment().catch(() => {});
    return { firstSeq, isSigned };
  }

  /** The next row begins another segment. */
  async endSegment(): Promise<void> {
    const { segment } = this;
    this.segment = undefined;
    await segment?.end();
    await this.ports.head.sync();
    // Opened anew by its name: somebody may have put another file there.
    await this.ports.head.close();
  }

  /** Whether the segment on disk is still the one that was written. @throws Error while its folder is gone */
  async isIntact(): Promise<boolean> {
    return (await this.segment?.isIntact()) ?? true;
  }

  async close(): Promise<void> {
    await this.endSegment();
  }

  private async put(rows: Buffer, records: Buffer, end: ChainEnd, { ts_ms }: Draft): Promise<void> {
    const { folder, open, head } = this.ports;
    this.segment ??= new Segment(segmentPlace(folder, this.place.seq + 1), ts_ms, open);
    await this.segment.append(rows, records);
    try {
      await head.write(end.head);
    } catch (error) {
      await this.segment.takeBack(rows.length, records.length);
      throw error;
    }
    this.end = end;
  }

  /** Large, or of another day: old days are dropped as whole segments. */
  private isFull(nowMs: number): boolean {
    if (this.segment === undefined) return false;
    const dayOf = (ms: number) => Math.floor(ms / DAY_MS);
    return this.segment.bytes >= SEGMENT_BYTES || dayOf(nowMs) !== dayOf(this.segment.startedMs);
  }
}
