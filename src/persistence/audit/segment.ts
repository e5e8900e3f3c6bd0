import { AppendFile, type OpenFile } from './append-file.js';
import { type SegmentPlace } from './places.js';

/** A stretch of the log that is being written. */
export class Segment {
  private readonly rows: AppendFile;
  private readonly records: AppendFile;

  constructor(
    readonly place: SegmentPlace,
    /** When its first row was written, Unix ms. */
    readonly startedMs: number,
    open?: OpenFile,
    /** Bytes that count of what is there already. */
    lengths: { readonly rows: number; readonly records: number } = { rows: 0, records: 0 },
  ) {
    this.rows = new AppendFile(place.rows, lengths.rows, open);
    this.records = new AppendFile(place.records, lengths.records, open);
  }

  get bytes(): number {
    return this.rows.bytes;
  }

  /** All of it or nothing. A row is never on disk without its record. @throws Error when the disk does not take it */
  async append(rows: Uint8Array, records: Uint8Array): Promise<void> {
    const recordBytes = this.records.bytes;
    await this.records.append(records);
    try {
      await this.rows.append(rows);
    } catch (error) {
      await this.records.shrinkTo(recordBytes);
      throw error;
    }
  }

  async takeBack(rowBytes: number, recordBytes: number): Promise<void> {
    await this.rows.shrinkTo(this.rows.bytes - rowBytes);
    await this.records.shrinkTo(this.records.bytes - recordBytes);
  }

  /** Whether the files are still those that were written. @throws Error while their folder is gone */
  async isIntact(): Promise<boolean> {
    return (await this.rows.isIntact()) && (await this.records.isIntact());
  }

  /** Leaves nothing behind that does not count. @throws Error when the disk does not take it */
  async end(): Promise<void> {
    await this.append(new Uint8Array(), new Uint8Array()).finally(() => this.close());
  }

  private async close(): Promise<void> {
    await Promise.all([this.rows.close(), this.records.close()]);
  }
}
