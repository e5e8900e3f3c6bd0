import { createHash } from 'node:crypto';
import {
  type AdmissionEvent,
  type EventBody,
  type Json,
  type JsonPatchOp,
  type PatchOp,
  type PolicyEvent,
  type RequestEvent,
  type ResponseEvent,
} from '@llama-orch/policy-sdk/abi';
import { METHODS } from '../../../kernel/outbound-http.js';
import { withHeader, withoutHeader } from './headers.js';
import { patchedJson } from './json-patch.js';
import { RefusedPatch } from './refused-patch.js';
import { isElsewhere, withoutQuery, withParts, withQuery } from './url.js';

/** An event, and the bytes behind the handles of its bodies. */
export interface Patched {
  readonly event: PolicyEvent;
  readonly bodies: ReadonlyMap<number, Uint8Array>;
  /** The last body that a patch wrote. */
  readonly body: Uint8Array | undefined;
}

/** Larger bodies are read through their handle. */
const MOST_INLINE_BYTES = 64 * 1024;
const MOST_BODY_BYTES = 1024 * 1024;

/**
 * Applies the patches of one policy, in order. What it is given stays as it is.
 *
 * @throws RefusedPatch when one of them cannot be carried out; then none is
 */
export function applyPatches(before: Patched, patches: readonly PatchOp[]): Patched {
  return patches.reduce(applied, before);
}

function applied(before: Patched, op: PatchOp): Patched {
  const { event } = before;
  if (op.op === 'json') return withJson(before, op.patch);
  if (event.kind === 'http.request') return { ...before, event: patchedRequest(event, op) };
  if (event.kind === 'http.response') return { ...before, event: patchedResponse(event, op) };
  return { ...before, event: patchedAdmission(event, op) };
}

function patchedRequest(event: RequestEvent, op: PatchOp): RequestEvent {
  const { headers, url } = event.request;
  switch (op.op) {
    case 'setHeader':
      return request(event, { headers: withHeader(headers, op.name, op.value) });
    case 'removeHeader':
      return request(event, { headers: withoutHeader(headers, op.name) });
    case 'setQuery':
      return request(event, { url: withQuery(url, op.name, op.value) });
    case 'removeQuery':
      return request(event, { url: withoutQuery(url, op.name) });
    case 'setMethod':
      return request(event, { method: checkedMethod(op.value) });
    case 'setUrl':
      return relocated(event, op);
    default:
      throw new RefusedPatch(`${op.op} is no patch of a request`);
  }
}

/** The addresses are those of the old host, so they go. */
function relocated(event: RequestEvent, op: Extract<PatchOp, { op: 'setUrl' }>): RequestEvent {
  const url = withParts(event.request.url, op);
  return request(event, isElsewhere(event.request.url, url) ? { url, addresses: [] } : { url });
}

function patchedResponse(event: ResponseEvent, op: PatchOp): ResponseEvent {
  const { headers } = event.response;
  if (op.op === 'setHeader') return response(event, { headers: withHeader(headers, op.name, op.value) });
  if (op.op === 'removeHeader') return response(event, { headers: withoutHeader(headers, op.name) });
  throw new RefusedPatch(`${op.op} is no patch of a response`);
}

function patchedAdmission(event: AdmissionEvent, op: PatchOp): AdmissionEvent {
  const { admission } = event;
  if (op.op === 'setPriority') return { ...event, admission: { ...admission, priority: op.value } };
  if (op.op !== 'setLabel') throw new RefusedPatch(`${op.op} is no patch of a task`);
  return { ...event, admission: { ...admission, labels: { ...admission.labels, [op.name]: op.value } } };
}

function request(event: RequestEvent, changes: Partial<RequestEvent['request']>): RequestEvent {
  return { ...event, request: { ...event.request, ...changes } };
}

function response(event: ResponseEvent, changes: Partial<ResponseEvent['response']>): ResponseEvent {
  return { ...event, response: { ...event.response, ...changes } };
}

function checkedMethod(method: string): string {
  if (METHODS.includes(method)) return method;
  throw new RefusedPatch(`setMethod names none of ${METHODS.join(', ')}`);
}

function withJson({ event, bodies }: Patched, patch: readonly JsonPatchOp[]): Patched {
  const facts = bodyOf(event);
  const bytes = facts === null ? undefined : bodies.get(facts.handle);
  if (facts === null || bytes === undefined) throw new RefusedPatch('json patches a body that is not there');
  const document = patchedJson(parsed(bytes), patch);
  const body = new TextEncoder().encode(JSON.stringify(document));
  if (body.length > MOST_BODY_BYTES) throw new RefusedPatch(`json makes a body of more than ${MOST_BODY_BYTES} bytes`);
  return {
    event: withBody(event, factsOf(facts, document, body)),
    bodies: new Map(bodies).set(facts.handle, body),
    body,
  };
}

function bodyOf(event: PolicyEvent): EventBody | null {
  if (event.kind === 'http.request') return event.request.body;
  return event.kind === 'http.response' ? event.response.body : null;
}

function withBody(event: PolicyEvent, body: EventBody): PolicyEvent {
  if (event.kind === 'http.request') return request(event, { body });
  return event.kind === 'http.response' ? response(event, { body }) : event;
}

function factsOf(before: EventBody, document: Json, bytes: Uint8Array): EventBody {
  const isInline = bytes.length <= MOST_INLINE_BYTES;
  return {
    ...before,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    form: isInline ? 'json' : 'omitted',
    value: isInline ? document : null,
    truncated: false,
  };
}

function parsed(bytes: Uint8Array): Json {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json;
  } catch {
    throw new RefusedPatch('json patches a body that is not JSON');
  }
}
