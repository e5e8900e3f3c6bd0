import { type KeyObject, sign, verify } from 'node:crypto';
import { canonicalJson } from '../kernel/canonical-json.js';
import { type AuditKeys, fingerprint } from './keys.js';
import { isHash, isSeq, membersOf } from './members.js';

const PURPOSE = 'llama-orch audit cut 1';

/** Says with a signature that the rows before `first_seq` were dropped because they were old. */
export interface Cut {
  readonly first_seq: number;
  /** `prev_hash` of that row. */
  readonly prev_hash: string;
  readonly ts_ms: number;
  readonly key: string;
  readonly signature: string;
}

export function cutText(cut: Pick<Cut, 'first_seq' | 'prev_hash' | 'ts_ms'>, keys: AuditKeys): string {
  const unsigned = { ...cut, key: fingerprint(keys.publicKey) };
  const signature = sign(null, cutStatement(unsigned), keys.signingKey).toString('base64');
  return `${JSON.stringify({ ...unsigned, signature })}\n`;
}

/** The cut that a text notes, or undefined when it is none of this key. */
export function cutOf(text: string, publicKey: KeyObject): Cut | undefined {
  const { first_seq, prev_hash, ts_ms, key, signature } = membersOf(text);
  if (!isSeq(first_seq) || !isHash(prev_hash) || !isSeq(ts_ms)) return undefined;
  if (typeof key !== 'string' || typeof signature !== 'string') return undefined;
  const statement = cutStatement({ first_seq, prev_hash, ts_ms, key });
  if (!verify(null, statement, publicKey, Buffer.from(signature, 'base64'))) return undefined;
  return { first_seq, prev_hash, ts_ms, key, signature };
}

function cutStatement(cut: Omit<Cut, 'signature'>): Buffer {
  return Buffer.from(`${PURPOSE}\n${canonicalJson(cut)}`);
}
