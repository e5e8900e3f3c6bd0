import { type PolicyRecord } from '../policy-host/decision-record.js';
import { type AuditRow } from '../audit/audit-log.js';

type Shape = (value: unknown) => boolean;

/** Latest instant that a date can be. */
const LATEST_MS = 8.64e15;

const text: Shape = (value) => typeof value === 'string';
const number: Shape = (value) => typeof value === 'number';
const flag: Shape = (value) => typeof value === 'boolean';
const any: Shape = () => true;
const anyObject: Shape = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const orNull =
  (shape: Shape): Shape =>
  (value) =>
    value === null || shape(value);
const list =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every((item) => shape(item));
const pair: Shape = (value) => list(text)(value) && (value as readonly unknown[]).length === 2;
const object = (members: Readonly<Record<string, Shape>>): Shape => {
  const shapes = Object.entries(members);
  return (value) =>
    anyObject(value) && shapes.every(([name, shape]) => shape((value as Readonly<Record<string, unknown>>)[name]));
};

const url = object({ scheme: text, host: text, port: number, path: text, query: list(pair) });
const body = object({ handle: number, bytes: number, form: text, value: any });
const request = object({
  ...{ method: text, url, headers: list(pair), body: orNull(body) },
  findings: list(object({ class: text, at: text })),
});
const EVENTS: Readonly<Record<string, Shape>> = {
  'http.request': object({ request }),
  'http.response': object({
    request: object({ method: text, url }),
    response: object({ status: number, headers: list(pair), body: orNull(body) }),
  }),
  'task.admission': object({ admission: object({ priority: text, modelRef: text }) }),
};
const event: Shape = (value) => {
  const { kind } = (anyObject(value) ? value : {}) as { readonly kind?: unknown };
  return typeof kind === 'string' && Object.hasOwn(EVENTS, kind) && EVENTS[kind]!(value);
};
const outcome = object({
  ...{ policy: text, version: text, digest: text, counts: flag, fuel: number, config: anyObject },
  ...{ hostResults: list(any), decision: orNull(anyObject), error: orNull(object({ code: text })) },
});
const record = object({
  ...{ hook: text, event, counters: anyObject, decision: text, hint: orNull(text), by: orNull(text) },
  ...{ outcomes: list(outcome), not_replayable: orNull(text) },
});
const row = object({
  ...{ seq: number, action: text, decision: text, target: text, code: orNull(text), reason: orNull(text) },
  ...{ plugin: orNull(text), decision_id: orNull(text), record: orNull(text), url: orNull(text) },
  ts_ms: (value) => Number.isInteger(value) && Math.abs(value as number) <= LATEST_MS,
});

/** Whether a record is one of policies, with all that is read of it: exports come from anywhere. */
export function isPolicyRecord(value: unknown): value is PolicyRecord {
  return record(value) && (value as { readonly kind?: unknown }).kind === 'policy';
}

/** Whether a line of an export is a row, with all that is read of it. */
export function isRow(value: unknown): value is AuditRow {
  return row(value);
}
