import { type Json } from '@llama-orch/policy-sdk/abi';

/** What is recorded; names as on the wire. Texts are redacted by the log itself. */
export interface AuditEntry {
  /** Id of the key; `local` without keys, `system` for what the daemon does by itself. */
  readonly actor: string;
  readonly tenant: string;
  /** Closed list: see {@link AUDIT_ACTIONS}. */
  readonly action: AuditAction;
  /** What it was done to: a host, a pool, a policy. */
  readonly target: string;
  /** `allow`, `deny`, `modify`, `limit`, or the result of an action: `ok`, `failed`. */
  readonly decision: string;
  readonly plugin?: string | null;
  readonly version?: string | null;
  /** `sha256:…` of the policy that decided. */
  readonly digest?: string | null;
  readonly code?: string | null;
  readonly reason?: string | null;
  readonly url?: string | null;
  readonly bytes_in?: number;
  readonly bytes_out?: number;
  readonly latency_us?: number;
  readonly fuel?: number | null;
  /** For whom it was done; absent where there is none. */
  readonly session_id?: string | null;
  readonly task_id?: string | null;
  readonly correlation_id: string | null;
  readonly decision_id?: string | null;
}

export const AUDIT_ACTIONS = [
  'tool.request',
  'tool.response',
  'download.request',
  'download.response',
  'admission',
  'policy.load',
  'policy.swap',
  'policy.quarantine',
  'pool.drain',
  'pool.reload',
  'pool.lifecycle',
  'model.add',
  'model.remove',
  'model.state',
  'model.verify',
  'config.load',
  'audit.start',
  'audit.checkpoint',
  'audit.cut',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** A row of the chain: every member is there, with null or 0 where the entry had none. */
export interface AuditRow {
  /** 1, 2, 3, … without a gap. */
  readonly seq: number;
  readonly ts_ms: number;
  readonly actor: string;
  readonly tenant: string;
  readonly action: AuditAction;
  readonly target: string;
  readonly decision: string;
  readonly plugin: string | null;
  readonly version: string | null;
  readonly digest: string | null;
  readonly code: string | null;
  readonly reason: string | null;
  readonly url: string | null;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly latency_us: number;
  readonly fuel: number | null;
  readonly session_id: string | null;
  readonly task_id: string | null;
  readonly correlation_id: string | null;
  readonly decision_id: string | null;
  /** SHA-256, in hex, of the decision record; null without one. */
  readonly record: string | null;
  /** On rows of `audit.checkpoint`. */
  readonly checkpoint: Checkpoint | null;
  readonly prev_hash: string;
  /** HMAC-SHA-256, in hex, over the canonical row without this member. */
  readonly hash: string;
}

/** What anybody who has the public key can verify, without the key of the hashes. */
export interface Checkpoint {
  /** First row that it covers: the one behind the checkpoint before. */
  readonly from_seq: number;
  /** SHA-256, in hex, over the lines of the rows from `from_seq` to the one before this. */
  readonly rows_sha256: string;
  /** `sha256:…` of the public key. */
  readonly key: string;
  /** Ed25519, in base64, over the canonical row without `hash` and this member. */
  readonly signature: string;
}

/** What a decision was made from, kept beside the row so that it can be explained and replayed. Redacted like the row. */
export type DecisionRecord = { readonly [member: string]: Json };

/** Append-only. What it has acknowledged survives `kill -9`. */
export abstract class AuditLog {
  /**
   * Resolves with the row's number when the row is on disk. Rows that come together share one write.
   * @throws AppError `INTERNAL` when the disk does not take it; then the row is not there
   */
  abstract append(entry: AuditEntry, record?: DecisionRecord): Promise<number>;
  abstract read(query: AuditQuery): Promise<readonly AuditRow[]>;
  abstract recordOf(seq: number): Promise<DecisionRecord | undefined>;
  /** Number and hash of the last row on disk. */
  abstract readonly head: { readonly seq: number; readonly hash: string };
  /** Signs what is not signed yet, and waits until it is on disk. Calling twice is harmless. */
  abstract close(): Promise<void>;

  /** False from an append that failed until one succeeds, and while the disk does not answer. */
  get isWritable(): boolean {
    return true;
  }

  /** PEM of the public key that checkpoints are signed with. */
  get publicKey(): string {
    return '';
  }
}

/** Oldest first, unless it says otherwise. */
export interface AuditQuery {
  readonly action?: AuditAction;
  /** By the clock of the row; rows that a clock which was set back wrote later are among them. */
  readonly sinceMs?: number;
  /** Rows behind this one in the order of the answer: with `newestFirst` those with lower numbers. */
  readonly afterSeq?: number;
  readonly newestFirst?: boolean;
  readonly tenant?: string;
  readonly limit: number;
}
