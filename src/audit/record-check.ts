import { type RecordLines } from './record-lines.js';
import { sha256 } from './row.js';

const RECORD = ',"record":';
const SEQ = /^\{"seq":(\d{1,15}),/;

/** The line of a decision record in its file. */
export function recordLine(seq: number, text: string): string {
  return `{"seq":${seq}${RECORD}${text}}`;
}

/** Told from the line of a row, where both stand in one file. */
export function isRecordLine(line: Buffer): boolean {
  return line.subarray(0, 7).toString() === '{"seq":';
}

/** The text of a record, from its line. */
export function recordIn(line: string): string {
  return line.slice(line.indexOf(RECORD) + RECORD.length, -1);
}

/** Goes through the records beside their rows; both are in the order of their numbers. */
export class RecordCheck {
  constructor(private readonly lines: RecordLines) {}

  static faultOfLine(line: string, seq: number, digest: string | null): string | undefined {
    if (Number(SEQ.exec(line)?.[1]) !== seq) return `the record of row ${seq} is missing, or out of its order`;
    if (sha256(recordIn(line)) !== digest) return `the record of row ${seq} is not as it was written`;
    return line === recordLine(seq, recordIn(line)) ? undefined : `the record of row ${seq} is not as it was written`;
  }

  /** What is wrong with the record of a row, if anything is. */
  async faultOf(seq: number, digest: string): Promise<string | undefined> {
    const line = await this.lines.next();
    return RecordCheck.faultOfLine(line?.toString() ?? '', seq, digest);
  }

  /** Whether there is a record that no row up to `seq` has named. */
  async isLeftOver(seq: number): Promise<boolean> {
    const line = await this.lines.next();
    return line !== undefined && !(Number(SEQ.exec(line.toString())?.[1]) > seq);
  }
}
