import { createHash, type Hash } from 'node:crypto';
import { canonicalJson } from '../kernel/canonical-json.js';
import { type AuditRow } from './audit-log.js';
import { bodyOf, hashOf, type Place } from './chain.js';
import { isSigned } from './checkpoint.js';
import { fingerprint, type ReaderKeys } from './keys.js';
import { isHash, isSeq, membersOf } from './members.js';

/** What can be wrong with a log. */
export type FaultKind =
  | 'edited'
  | 'sequence'
  | 'link'
  | 'checkpoint'
  | 'unsigned'
  | 'truncated'
  | 'segment'
  | 'record'
  | 'head'
  | 'cut'
  | 'key'
  | 'anchor';

export interface RowFault {
  readonly kind: FaultKind;
  /** The row that it was found at; null where there is none. */
  readonly seq: number | null;
  readonly what: string;
}

export type Checked =
  { readonly row: AuditRow; readonly fault?: undefined } | { readonly row?: undefined; readonly fault: RowFault };

/** Checks the lines of a log one after the other. */
export class RowCheck {
  checkpoints = 0;
  private digest: Hash = createHash('sha256');
  private fromSeq: number;
  private readonly keyName: string;

  constructor(
    private readonly keys: ReaderKeys,
    private before: Place,
  ) {
    this.fromSeq = before.seq + 1;
    this.keyName = fingerprint(keys.publicKey);
  }

  get last(): Place {
    return this.before;
  }

  /** Rows since the last checkpoint. */
  get unsignedRows(): number {
    return this.before.seq + 1 - this.fromSeq;
  }

  next(line: string): Checked {
    const row = rowOf(line);
    if (row === undefined) return fault('edited', this.before.seq + 1, 'this line is no row as the log writes them');
    const wrong = this.hashFault(row, line) ?? this.placeFault(row) ?? this.checkpointFault(row);
    if (wrong !== undefined) return wrong;
    this.take(row, line);
    return { row };
  }

  private hashFault(row: AuditRow, line: string) {
    const { hashKey } = this.keys;
    if (hashKey === undefined) return undefined;
    if (hashOf(bodyOf(line, row.hash)!, hashKey) === row.hash) return undefined;
    return fault('edited', row.seq, `row ${row.seq} is not as it was written: its hash does not fit`);
  }

  private placeFault({ seq, prev_hash }: AuditRow) {
    const expected = this.before.seq + 1;
    if (seq !== expected) return fault('sequence', seq, sequenceText(seq, expected));
    if (prev_hash === this.before.hash) return undefined;
    return fault('link', seq, `row ${seq} does not follow the row before it: one of them was replaced`);
  }

  private checkpointFault(row: AuditRow) {
    const { checkpoint, seq, action } = row;
    const wrong = (what: string) => fault('checkpoint', seq, what);
    if (checkpoint === null)
      return action === 'audit.checkpoint' ? wrong(`row ${seq} is a checkpoint without a signature`) : undefined;
    if (checkpoint.key !== this.keyName) return wrong(`the checkpoint in row ${seq} was signed with another key`);
    if (!isSigned(row, this.keys.publicKey)) return wrong(`the signature of the checkpoint in row ${seq} is forged`);
    const rows = `rows ${this.fromSeq} to ${seq - 1}`;
    if (checkpoint.from_seq !== this.fromSeq) return wrong(`the checkpoint in row ${seq} does not cover ${rows}`);
    if (checkpoint.rows_sha256 === this.digest.copy().digest('hex')) return undefined;
    return wrong(`${rows} are not those that the checkpoint in row ${seq} was signed for`);
  }

  private take(row: AuditRow, line: string): void {
    this.before = { seq: row.seq, hash: row.hash };
    if (row.checkpoint === null) return void this.digest.update(line).update('\n');
    this.checkpoints++;
    this.digest = createHash('sha256');
    this.fromSeq = row.seq + 1;
  }
}

/** The row of a line that is written to the letter as the log writes rows. */
function rowOf(line: string): AuditRow | undefined {
  const { hash, ...rest } = membersOf(line);
  if (!isSeq(rest['seq']) || !isHash(rest['prev_hash']) || !isHash(hash)) return undefined;
  if (bodyOf(line, hash) !== canonicalJson(rest)) return undefined;
  return { ...rest, hash } as unknown as AuditRow;
}

function sequenceText(seq: number, expected: number): string {
  if (seq < expected)
    return `row ${seq} stands where row ${expected} belongs: it stands here again, or out of its order`;
  const missing = seq - expected === 1 ? `row ${expected}` : `rows ${expected} to ${seq - 1}`;
  return `row ${seq} stands where row ${expected} belongs: ${missing} missing or out of order`;
}

function fault(kind: FaultKind, seq: number | null, what: string): { readonly fault: RowFault } {
  return { fault: { kind, seq, what } };
}
