import { type RequestEvent, type ResponseEvent } from '@llama-orch/policy-sdk/abi';
import { type ChainCall, type ChainOutcome } from '../../policy-host/sandbox/chain.js';
import { type Departure } from '../departure.js';
import { type Header } from '../dial/exchange.js';
import { type Masks } from '../findings/masks.js';
import { valueOf } from '../findings/text-body.js';
import { chainCall, frameOf, masksFor, type Occasion, rawReason, unmaskedPairs } from './asked.js';
import { sentBody } from './exact-body.js';
import { bodyOfEvent, type MaskedBody, maskedBody } from './asked-body.js';

/** What came back, as far as it is known: a file has no body yet. */
export interface Received {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: Uint8Array | undefined;
  readonly truncated: boolean;
}

export interface AskedResponse {
  readonly call: ChainCall;
  readonly event: ResponseEvent;
  readonly masks: Masks;
  readonly notReplayable: string | null;
}

/** Asks about an answer. */
export function askedResponse(received: Received, departure: Departure, occasion: Occasion): AskedResponse {
  const { clock, redactor } = occasion.parts;
  const masks = masksFor('on_response', occasion);
  const { request } = departure.outcome.event as RequestEvent;
  const body = bodyOf(received, masks);
  const head = {
    status: received.status,
    headers: received.headers.map((header) => masks.header(header)),
    address: departure.checked.pinned,
    durationMs: Math.round(clock.now() - departure.hop.startedAt),
  };
  const event: ResponseEvent = {
    ...frameOf(occasion),
    kind: 'http.response',
    request: { method: request.method, url: request.url, hop: request.hop },
    response: {
      ...head,
      body: body === undefined ? null : bodyOfEvent(body, { ...head, url: request.url }, masks.findings),
      findings: masks.findings,
    },
  };
  const shown = masks.isRaw ? event : redactor.value(event);
  const call = chainCall('on_response', shown, body?.bytes, occasion);
  return { call, event: shown, masks, notReplayable: rawReason(masks) };
}

function bodyOf({ body: bytes, headers, truncated }: Received, masks: Masks): MaskedBody | undefined {
  const contentType = valueOf(headers, 'content-type');
  return bytes === undefined ? undefined : maskedBody({ bytes, contentType, truncated }, masks, true);
}

/** The answer as the policies left it. */
export function patchedAnswer(received: Received, asked: AskedResponse, outcome: ChainOutcome): Received {
  if (outcome.event === asked.call.event) return received;
  const { response } = outcome.event as ResponseEvent;
  const headers = unmaskedPairs(response.headers, asked.event.response.headers, received.headers);
  if (outcome.body === undefined) return { ...received, headers };
  return { ...received, headers, body: sentBody(outcome.body, asked) };
}
