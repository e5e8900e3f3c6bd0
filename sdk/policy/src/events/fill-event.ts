import { isIP } from 'node:net';
import {
  ABI_VERSION,
  type AddressClass,
  type EventAddress,
  type Json,
  type PolicyEvent,
  type PolicyHook,
} from '../abi.js';
import { isInRange } from '../context/ip.js';
import { isJsonObject, type JsonObject } from '../schema/schema.js';
import { jsonBody, type MadeBody, textBody } from './event-body.js';
import { eventUrl } from './event-url.js';

/** An event with all its members, and the bytes of its bodies by handle. */
export interface FilledEvent {
  readonly event: PolicyEvent;
  readonly bodies: ReadonlyMap<number, Uint8Array>;
}

/** Moments and ids of a test are the same each time. */
const FRAME = {
  abi: ABI_VERSION,
  decisionId: '01JTEST0000000000000000000',
  correlationId: 'test',
  traceparent: null,
  now: Date.UTC(2026, 0, 5, 12),
  mode: 'enforce',
  agent: { id: null },
  session: { id: null, tenant: 'default', labels: {} },
  task: { id: null, attempt: 1, labels: {} },
  usage: { callsInTask: 0, bytesOut: 0 },
  config: {},
};
const TOOL = { name: 'http.fetch', version: '1.0.0' };
const EXAMPLE = 'https://example.com/';
/** Of the range for documentation; what it is called is what counts. */
const SOME_ADDRESS = '203.0.113.7';

const KINDS: Readonly<Record<PolicyHook, (part: JsonObject) => { event: JsonObject; body: MadeBody | undefined }>> = {
  on_request: requestEvent,
  on_response: responseEvent,
  on_admission: (part) => ({
    event: filled({ ...FRAME, kind: 'task.admission', admission: ADMISSION }, part),
    body: undefined,
  }),
};

const ADMISSION = {
  workload: 'chat',
  modelRef: 'test-model',
  priority: 'interactive',
  maxTokens: 256,
  promptBytes: 1_024,
  deadlineMs: null,
  labels: {},
};

/**
 * The whole event of a part of one. A part may say `url` as text, `headers` as an object, `json` or `text` for a body, and
 * `addresses` as texts.
 */
export function fillEvent(hook: PolicyHook, part: JsonObject): FilledEvent {
  const { event, body } = KINDS[hook](part);
  return {
    event: event as unknown as PolicyEvent,
    bodies: new Map(body === undefined ? [] : [[body.facts.handle, body.bytes]]),
  };
}

function requestEvent(part: JsonObject): { event: JsonObject; body: MadeBody | undefined } {
  const { url, redirectedFrom, headers, addresses, findings, json, text, body, ...request } = objectAt(part, 'request');
  const where = urlOf(url);
  const made = bodyOf({ json, text, body, headers });
  const whole = {
    method: made === undefined ? 'GET' : 'POST',
    hop: redirectedFrom === undefined ? 0 : 1,
    ...request,
    url: where,
    addresses: addressesOf(addresses, where.host as string),
    redirectedFrom: redirectedFrom === undefined || redirectedFrom === null ? null : urlOf(redirectedFrom),
    headers: headersOf(headers),
    body: factsOf(made, body),
    findings: findingsOf(findings),
  };
  return {
    event: { ...filled({ ...FRAME, kind: 'http.request', tool: TOOL }, without(part, 'request')), request: whole },
    body: made,
  };
}

function responseEvent(part: JsonObject): { event: JsonObject; body: MadeBody | undefined } {
  const { url, ...request } = objectAt(part, 'request');
  const { headers, address, findings, json, text, body, ...response } = objectAt(part, 'response');
  const where = urlOf(url);
  const made = bodyOf({ json, text, body, headers });
  const whole = {
    status: 200,
    durationMs: 20,
    ...response,
    headers: headersOf(headers),
    address: addressesOf(address === undefined ? undefined : [address], where.host as string)[0] ?? null,
    body: factsOf(made, body),
    findings: findingsOf(findings),
  };
  const frame = filled({ ...FRAME, kind: 'http.response', tool: TOOL }, without(without(part, 'request'), 'response'));
  return {
    event: { ...frame, request: { method: 'GET', hop: 0, ...request, url: where }, response: whole },
    body: made,
  };
}

function urlOf(url: Json | undefined): JsonObject {
  if (url === undefined || typeof url === 'string') return { ...eventUrl(url ?? EXAMPLE) };
  return { ...eventUrl(EXAMPLE), ...(url as JsonObject) };
}

interface BodyParts {
  readonly json: Json | undefined;
  readonly text: Json | undefined;
  readonly body: Json | undefined;
  readonly headers: Json | undefined;
}

function bodyOf({ json, text, body, headers }: BodyParts): MadeBody | undefined {
  const part = body !== undefined && isJsonObject(body) ? body : {};
  const type =
    (part.contentType as string | undefined) ?? headersOf(headers).find(([name]) => name === 'content-type')?.[1];
  if (json !== undefined) return jsonBody(json, type);
  if (typeof text === 'string') return textBody(text, type);
  if (part.form === 'text' && typeof part.value === 'string') return textBody(part.value, type);
  return isJsonObject(body ?? null) ? jsonBody(part.value ?? null, type) : undefined;
}

/** What a part says of a body stands over what its value would give. */
function factsOf(made: MadeBody | undefined, body: Json | undefined): Json {
  if (made === undefined) return null;
  return { ...made.facts, ...(body !== undefined && isJsonObject(body) ? body : {}) };
}

function headersOf(headers: Json | undefined): readonly (readonly [string, string])[] {
  if (Array.isArray(headers)) return headers as readonly (readonly [string, string])[];
  return Object.entries((headers ?? {}) as Record<string, string>).map(([name, value]) => [name.toLowerCase(), value]);
}

function findingsOf(findings: Json | undefined): Json {
  const parts = (findings ?? []) as readonly Json[];
  return parts.map((part) => ({
    at: '/body',
    hash: 'test',
    ...(typeof part === 'string' ? { class: part } : (part as JsonObject)),
  }));
}

function addressesOf(addresses: Json | undefined, host: string): readonly JsonObject[] {
  const parts = (addresses ?? [isIP(host) === 0 ? SOME_ADDRESS : host]) as readonly Json[];
  return parts.map((part) =>
    typeof part === 'string' ? addressOf(part) : { ...addressOf(SOME_ADDRESS), ...(part as JsonObject) },
  );
}

/** Ranges that tests name; the host knows many more. */
const CLASSES: readonly (readonly [AddressClass, readonly string[]])[] = [
  ['loopback', ['127.0.0.0/8', '::1']],
  ['metadata', ['169.254.169.254', 'fd00:ec2::254']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
  ['cgnat', ['100.64.0.0/10']],
  ['multicast', ['224.0.0.0/4', 'ff00::/8']],
];

/** An address as a host would hand it over. */
export function addressOf(ip: string, called?: AddressClass): EventAddress & JsonObject {
  const found = CLASSES.find(([, ranges]) => ranges.some((range) => isInRange(ip, range)))?.[0];
  return { ip, family: isIP(ip) === 6 ? 6 : 4, class: called ?? found ?? 'public' };
}

function objectAt(part: JsonObject, name: string): Record<string, Json | undefined> {
  return { ...((part[name] ?? {}) as JsonObject) };
}

function without(part: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(part).filter(([key]) => key !== name));
}

/** Members of the part over those of the whole, at any depth. */
function filled(whole: JsonObject, part: JsonObject): JsonObject {
  const members = Object.entries(part).map(([name, value]) => {
    const known = whole[name];
    return [name, known !== undefined && isJsonObject(known) && isJsonObject(value) ? filled(known, value) : value];
  });
  return { ...whole, ...Object.fromEntries(members) } as JsonObject;
}
