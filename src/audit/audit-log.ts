import { type Json } from '@llama-orch/policy-sdk/abi';

/** What is recorded; names as on the wire. Texts are redacted by the log itself. */
export interface AuditEntry {
  /** Id of the key; `local` without keys, `system` for what the daemon does by itself. */
  readonly actor: string;
  readonly tenant: string;
  /** Closed list: see {@link AUDIT_ACTIONS}. */
  readonly action: AuditAction;
  /** What it was done to: a host, a pool, a policy, a key id. */
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
  readonly correlation_id: string | null;
  readonly decision_id?: string | null;
}

export const AUDIT_ACTIONS = [
  'tool.request',
  'tool.response',
  'download.request',
  'admission',
  'policy.load',
  'policy.swap',
  'policy.quarantine',
  'pool.drain',
  'pool.reload',
  'pool.lifecycle',
  'config.load',
  'key.change',
  'trust.refusal',
  'trust.warning',
  'audit.start',
  'audit.checkpoint',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** A row of the chain. */
export interface AuditRow extends AuditEntry {
  /** 1, 2, 3, … without a gap. */
  readonly seq: number;
  readonly ts_ms: number;
  /** SHA-256, in hex, of the decision record; null without one. */
  readonly record: string | null;
  readonly prev_hash: string;
  readonly hash: string;
}

/** What a decision was made from, kept beside the row so that it can be explained and replayed. Redacted like the row. */
export type DecisionRecord = { readonly [member: string]: Json };

/** Append-only. What it has acknowledged survives `kill -9`. */
export abstract class AuditLog {
  /** Resolves with the row's number when the row is on disk. Rows that come together share one write. */
  abstract append(entry: AuditEntry, record?: DecisionRecord): Promise<number>;
  /** Oldest first, after `afterSeq`. */
  abstract read(query: AuditQuery): Promise<readonly AuditRow[]>;
  abstract recordOf(seq: number): Promise<DecisionRecord | undefined>;
  /** Number and hash of the last row on disk. */
  abstract readonly head: { readonly seq: number; readonly hash: string };
  abstract close(): Promise<void>;
}

export interface AuditQuery {
  readonly action?: AuditAction;
  readonly sinceMs?: number;
  readonly afterSeq?: number;
  /** Newest first when true. */
  readonly newestFirst?: boolean;
  readonly tenant?: string;
  readonly limit: number;
}
