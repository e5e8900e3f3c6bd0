import { createHash } from 'node:crypto';
import { type EventBody, type EventUrl, type Json, type RequestEvent } from '@llama-orch/policy-sdk/abi';
import { type ChainCall } from '../../policy-host/sandbox/chain.js';
import { type Header } from '../dial/exchange.js';
import { type OutboundCall } from '../egress.js';
import { Masks } from '../findings/masks.js';
import { isJsonType, textBodyOf, UNREADABLE, valueOf } from '../findings/text-body.js';
import { type EgressParts } from '../egress-parts.js';
import { type Checked } from '../guard/guard.js';
import { type Step } from './redirect.js';

/** A question to the policies, and what leads from their answer back to what is sent. */
export interface Asked {
  readonly call: ChainCall;
  readonly event: RequestEvent;
  readonly masks: Masks;
  /** Why the decision cannot be made again from its record. */
  readonly notReplayable: string | null;
}

/** What is the same for all hops of a call. */
export interface Occasion {
  readonly call: OutboundCall;
  readonly decisionId: string;
  readonly parts: EgressParts;
}

const BODY_HANDLE = 1;
const MOST_INLINE_BYTES = 64 * 1024;

/** Asks about a request that the guard let through, or whose name leads nowhere. */
export function askedRequest(step: Step, checked: Pick<Checked, 'addresses'>, occasion: Occasion): Asked {
  const masks = masksFor('on_request', occasion);
  const body = maskedBody(step.body, valueOf(step.headers, 'content-type'), masks);
  const request = {
    method: step.method,
    url: maskedUrl(step.target.parts, masks),
    addresses: checked.addresses,
    hop: step.hop,
    redirectedFrom: step.redirectedFrom === undefined ? null : maskedUrl(step.redirectedFrom.parts, masks),
    headers: step.headers.map((header) => masks.header(header)),
    body: body?.facts ?? null,
    findings: masks.findings,
  };
  const event: RequestEvent = { ...frameOf(occasion), kind: 'http.request', request };
  const shown = isRaw('on_request', occasion) ? event : occasion.parts.redactor.value(event);
  return {
    call: chainCall('on_request', shown, body?.bytes, occasion),
    event: shown,
    masks,
    notReplayable: rawReason('on_request', occasion),
  };
}

/** What all events of a call have. */
export function frameOf({ call, decisionId, parts }: Occasion) {
  const { caller, usage } = call;
  return {
    abi: '1.0',
    decisionId,
    correlationId: caller.correlationId,
    traceparent: caller.traceparent,
    now: parts.clock.epochMs(),
    mode: 'enforce',
    agent: { id: caller.actor },
    session: { id: caller.sessionId, tenant: caller.tenant, labels: {} },
    task: { id: caller.taskId, attempt: 1, labels: caller.labels },
    tool: call.tool,
    usage: usage ?? { callsInTask: 0, bytesOut: 0 },
    config: {},
  } as const;
}

export function chainCall(
  hook: 'on_request' | 'on_response',
  event: ChainCall['event'],
  body: Uint8Array | undefined,
  { call }: Occasion,
): ChainCall {
  const { callsInTask = 0, bytesOut = 0 } = call.usage ?? {};
  const bodies = new Map(body === undefined ? [] : [[BODY_HANDLE, body]]);
  return { hook, event, bodies, counters: { calls_in_task: callsInTask, bytes_out: bytesOut } };
}

export function masksFor(hook: 'on_request' | 'on_response', occasion: Occasion): Masks {
  const { redactor, key } = occasion.parts;
  return new Masks({ redactor, key, tenant: occasion.call.caller.tenant, isRaw: isRaw(hook, occasion) });
}

/** A policy that is loaded with the right to see secrets makes the whole chain see them, and the audit says so. */
export function isRaw(hook: 'on_request' | 'on_response', { parts: { policies } }: Occasion): boolean {
  return policies
    .list()
    .some(
      ({ id, hooks }) => hooks.includes(hook) && policies.manifestOf(id)?.capabilities.includes('raw-secrets') === true,
    );
}

export function rawReason(hook: 'on_request' | 'on_response', occasion: Occasion): string | null {
  return isRaw(hook, occasion) ? 'a policy with raw-secrets saw what the record hides' : null;
}

export interface MaskedBody {
  readonly facts: EventBody;
  readonly bytes: Uint8Array;
}

/** Facts are those of the body as it is; value and bytes have their secrets masked. */
export function maskedBody(
  body: Uint8Array | undefined,
  contentType: string | null,
  masks: Masks,
  truncated = false,
): MaskedBody | undefined {
  if (body === undefined) return undefined;
  const read = textBodyOf(body, contentType);
  const text = read === undefined || read === UNREADABLE ? undefined : read.text;
  const json = text === undefined || truncated ? undefined : masks.json(text, '/body');
  const shown = json ?? (text === undefined ? undefined : masks.text(text, '/body'));
  const form = shown === undefined || body.length > MOST_INLINE_BYTES ? 'omitted' : formOf(json, contentType);
  const facts: EventBody = {
    handle: BODY_HANDLE,
    bytes: body.length,
    sha256: createHash('sha256').update(body).digest('hex'),
    contentType,
    form,
    value: valueIn(form, shown),
    truncated,
  };
  return { facts, bytes: shown === undefined ? body : Buffer.from(shown) };
}

/** A JSON document is one whatever it is called; a lone word or number only where it is called so. */
function formOf(json: string | undefined, contentType: string | null): 'json' | 'text' {
  if (json === undefined) return 'text';
  return isJsonType(contentType) || /^\s*[[{]/.test(json) ? 'json' : 'text';
}

function valueIn(form: EventBody['form'], shown: string | undefined): Json {
  if (form === 'omitted' || shown === undefined) return null;
  return form === 'json' ? (JSON.parse(shown) as Json) : shown;
}

function maskedUrl(url: EventUrl, masks: Masks): EventUrl {
  return { ...url, path: masks.text(url.path, '/url/path'), query: url.query.map((pair) => masks.query(pair)) };
}

/** Pairs that a patch left as they were become what they stood for; others stay as the policy wrote them. */
export function unmaskedPairs(
  pairs: readonly Header[],
  given: readonly Header[],
  raw: readonly Header[],
): readonly Header[] {
  const left = given.map((pair, at) => ({ pair, at }));
  return pairs.map((pair) => {
    const found = left.findIndex((one) => one.pair[0] === pair[0] && one.pair[1] === pair[1]);
    return found === -1 ? pair : raw[left.splice(found, 1)[0]!.at]!;
  });
}
