import { type KeyObject, sign, verify } from 'node:crypto';
import { canonicalJson } from '../kernel/canonical-json.js';
import { type AuditRow, type Checkpoint } from './audit-log.js';
import { type AuditKeys, fingerprint } from './keys.js';

type UnsealedRow = Omit<AuditRow, 'hash'>;
type Covered = Pick<Checkpoint, 'from_seq' | 'rows_sha256'>;

/** Keeps a signature from being one of something else. */
const PURPOSE = 'llama-orch audit checkpoint 1';

/** A checkpoint row with its signature. */
export function signed(row: UnsealedRow, covered: Covered, { signingKey, publicKey }: AuditKeys): UnsealedRow {
  const unsigned = { ...covered, key: fingerprint(publicKey) };
  const signature = sign(null, statementOf(row, unsigned), signingKey).toString('base64');
  return { ...row, checkpoint: { ...unsigned, signature } };
}

/** Whether the signature of a checkpoint row is one of this key. */
export function isSigned({ hash: _hash, checkpoint, ...row }: AuditRow, publicKey: KeyObject): boolean {
  if (checkpoint === null) return false;
  const { signature, ...unsigned } = checkpoint;
  return verify(null, statementOf({ ...row, checkpoint: null }, unsigned), publicKey, Buffer.from(signature, 'base64'));
}

function statementOf(row: UnsealedRow, checkpoint: Omit<Checkpoint, 'signature'>): Buffer {
  return Buffer.from(`${PURPOSE}\n${canonicalJson({ ...row, checkpoint })}`);
}
