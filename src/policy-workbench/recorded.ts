import { type EventBody, type PolicyEvent, type RequestEvent } from '@llama-orch/policy-sdk/abi';
import { type AuditRow } from '../audit/audit-log.js';
import { type PolicyRecord } from '../policy-host/decision-record.js';
import { isPolicyRecord } from './record-shape.js';

/** A row of the audit, and what its decision was made from where that is kept. */
export interface AuditedRow {
  readonly row: AuditRow;
  readonly record: PolicyRecord | undefined;
}

/** A row whose decision can be looked into. */
export interface RecordedDecision extends AuditedRow {
  readonly record: PolicyRecord;
}

/** A row with its record as it was read; records of something else than policies count as none. */
export function auditedRow(row: AuditRow, record: unknown): AuditedRow {
  return { row, record: isPolicyRecord(record) ? record : undefined };
}

export function isRecorded(one: AuditedRow): one is RecordedDecision {
  return one.record !== undefined;
}

/** The requests that went out: those over a rate, for one, did not, although every policy allowed them. */
export function allowedRequests(decisions: readonly RecordedDecision[]): RequestEvent[] {
  return decisions
    .filter(({ row: { decision } }) => decision === 'allow' || decision === 'modify')
    .flatMap(({ record }) => requestOf(record) ?? []);
}

/** Undefined for responses and admissions. */
export function requestOf({ event }: PolicyRecord): RequestEvent | undefined {
  return event.kind === 'http.request' ? event : undefined;
}

/** The bodies behind the handles of an event, as far as the event holds them: the same value, spaces may differ. */
export function bodiesOf(event: PolicyEvent): ReadonlyMap<number, Uint8Array> {
  const body = bodyOf(event);
  if (body === null || body.form === 'omitted') return new Map();
  const text = typeof body.value === 'string' && body.form === 'text' ? body.value : JSON.stringify(body.value);
  return new Map([[body.handle, Buffer.from(text)]]);
}

/** True when the event says less than the body did. */
export function isBodyOmitted(event: PolicyEvent): boolean {
  return bodyOf(event)?.form === 'omitted';
}

function bodyOf(event: PolicyEvent): EventBody | null {
  if (event.kind === 'task.admission') return null;
  return event.kind === 'http.request' ? event.request.body : event.response.body;
}
