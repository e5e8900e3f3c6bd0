import { createHash } from 'node:crypto';
import { canonicalJson } from '../kernel/canonical-json.js';
import { plainText } from '../kernel/plain-text.js';
import { type Redactor } from '../observability/redactor.js';
import { type AuditEntry, type AuditRow, type DecisionRecord } from './audit-log.js';

/** A row before it has its place in the chain. */
export type Draft = Omit<AuditRow, 'seq' | 'checkpoint' | 'prev_hash' | 'hash'>;

/** A decision record as it is stored: its text and the SHA-256 of it in hex. */
export interface SealedRecord {
  readonly text: string;
  readonly sha256: string;
}

const LONGEST_NAME = 256;
const LONGEST_REASON = 1_000;
const LONGEST_URL = 2_048;
const LARGEST_RECORD = 1024 * 1024;

/** What is recorded of an entry: no secret, no control bytes, no text beyond its bound. */
export function draftOf(entry: AuditEntry, tsMs: number, record: string | null, redactor: Redactor): Draft {
  const name = (text: string) => bounded(redactor.text(text), LONGEST_NAME);
  const optional = (text: string | null | undefined, most = LONGEST_NAME) =>
    text == null ? null : bounded(redactor.text(text), most);
  return {
    ts_ms: wholeNumber(tsMs),
    actor: name(entry.actor),
    tenant: name(entry.tenant),
    action: entry.action,
    target: name(entry.target),
    decision: name(entry.decision),
    plugin: optional(entry.plugin),
    version: optional(entry.version),
    digest: optional(entry.digest),
    code: optional(entry.code),
    reason: optional(entry.reason, LONGEST_REASON),
    url: entry.url == null ? null : bounded(redactor.url(entry.url), LONGEST_URL),
    bytes_in: wholeNumber(entry.bytes_in),
    bytes_out: wholeNumber(entry.bytes_out),
    latency_us: wholeNumber(entry.latency_us),
    fuel: entry.fuel == null ? null : wholeNumber(entry.fuel),
    session_id: optional(entry.session_id),
    task_id: optional(entry.task_id),
    correlation_id: optional(entry.correlation_id),
    decision_id: optional(entry.decision_id),
    record,
  };
}

/** Redacted, and then it says so; a record beyond 1 MiB is replaced by its size. */
export function sealRecord(record: DecisionRecord, redactor: Redactor): SealedRecord {
  // Members keep their order: a policy that is asked again reads the same text, and takes the same fuel.
  const text = redactedText(record, redactor);
  const bytes = Buffer.byteLength(text);
  if (bytes <= LARGEST_RECORD) return { text, sha256: sha256(text) };
  const omitted = canonicalJson({ omitted: true, bytes });
  return { text: omitted, sha256: sha256(omitted) };
}

function redactedText(record: DecisionRecord, redactor: Redactor): string {
  const redacted = redactor.value(record);
  const text = JSON.stringify(redacted);
  if (redacted === record || redacted['not_replayable'] !== null || text === JSON.stringify(record)) return text;
  return JSON.stringify({ ...redacted, not_replayable: 'the redaction of the audit hides a part of the record' });
}

export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Cut between characters, and said so. */
function bounded(text: string, most: number): string {
  const plain = plainText(text);
  return plain.length <= most ? plain : `${plain.slice(0, most - 1).toWellFormed()}…`;
}

function wholeNumber(value: number | undefined): number {
  const rounded = Math.round(value ?? 0);
  return Number.isSafeInteger(rounded) && rounded > 0 ? rounded : 0;
}
