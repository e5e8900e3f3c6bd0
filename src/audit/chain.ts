import { createHash, createHmac, type Hash, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../kernel/canonical-json.js';
import { type AuditRow } from './audit-log.js';
import { signed } from './checkpoint.js';
import { type AuditKeys } from './keys.js';
import { type Draft } from './row.js';

/** A place in the chain: a row's number and hash. */
export interface Place {
  readonly seq: number;
  readonly hash: string;
}

/** Before the first row. */
export const BEFORE_ALL: Place = { seq: 0, hash: '0'.repeat(64) };

/** In the canonical order of the members, the hash stands right before this one. */
const BEHIND_HASH = ',"latency_us":';

export function hashOf(body: string, key: KeyObject): string {
  return createHmac('sha256', key).update(body).digest('hex');
}

/** The line of a row: its body, which is the canonical text without the hash, with the hash in its place. */
export function lineOf(body: string, hash: string): string {
  // Quotes inside of a text are escaped, so this is found at no other place.
  const at = body.indexOf(BEHIND_HASH);
  return `${body.slice(0, at)},"hash":"${hash}"${body.slice(at)}`;
}

/** The body of a line, or undefined when its hash stands nowhere or at another place. */
export function bodyOf(line: string, hash: string): string | undefined {
  const member = `,"hash":"${hash}"`;
  const at = line.indexOf(member + BEHIND_HASH);
  return at === -1 ? undefined : line.slice(0, at) + line.slice(at + member.length);
}

/**
 * The end of the chain while it is written. What is added to a copy counts once the copy takes its place, so that rows
 * which the disk refused leave no gap.
 */
export class ChainEnd {
  private digest: Hash;

  constructor(
    private readonly keys: AuditKeys,
    private place: Place,
    /** Rows of the checkpoint before and of this one: the first that is not covered yet. */
    private fromSeq: number = place.seq + 1,
    digest: Hash = createHash('sha256'),
  ) {
    this.digest = digest;
  }

  get head(): Place {
    return this.place;
  }

  /** Rows that no checkpoint covers. */
  get unsignedRows(): number {
    return this.place.seq + 1 - this.fromSeq;
  }

  copy(): ChainEnd {
    return new ChainEnd(this.keys, this.place, this.fromSeq, this.digest.copy());
  }

  /** Gives a row its place; answers its line. */
  add(draft: Draft): string {
    const line = this.seal({ ...draft, ...this.next(), checkpoint: null });
    this.cover(line);
    return line;
  }

  /** Signs the rows since the last checkpoint; answers the line of the checkpoint. */
  addCheckpoint(draft: Draft): string {
    const unsigned = { ...draft, ...this.next(), checkpoint: null };
    const rows_sha256 = this.digest.digest('hex');
    const line = this.seal(signed(unsigned, { from_seq: this.fromSeq, rows_sha256 }, this.keys));
    this.digest = createHash('sha256');
    this.fromSeq = this.place.seq + 1;
    return line;
  }

  /** Takes in a row that is written already. */
  follow(row: AuditRow, line: string): void {
    this.place = { seq: row.seq, hash: row.hash };
    if (row.checkpoint === null) return this.cover(line);
    this.digest = createHash('sha256');
    this.fromSeq = row.seq + 1;
  }

  private next(): { readonly seq: number; readonly prev_hash: string } {
    return { seq: this.place.seq + 1, prev_hash: this.place.hash };
  }

  private seal(row: Omit<AuditRow, 'hash'>): string {
    const body = canonicalJson(row);
    this.place = { seq: row.seq, hash: hashOf(body, this.keys.hashKey) };
    return lineOf(body, this.place.hash);
  }

  private cover(line: string): void {
    this.digest.update(line).update('\n');
  }
}
