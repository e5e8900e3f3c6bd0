import { type EventUrl, type PolicyCounter, type RequestEvent } from '@llama-orch/policy-sdk/abi';
import { type ChainCall } from '../../policy-host/sandbox/chain.js';
import { type Header } from '../dial/exchange.js';
import { type OutboundCall, type OutboundUsage } from '../egress.js';
import { Masks } from '../findings/masks.js';
import { valueOf } from '../findings/text-body.js';
import { type EgressParts } from '../egress-parts.js';
import { type Checked } from '../guard/guard.js';
import { policyFacts } from '../policy-facts.js';
import { BODY_HANDLE, bodyOfEvent, maskedBody } from './asked-body.js';
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

const UNUSED: OutboundUsage = { callsInTask: 0, bytesOut: 0, callsInSession: 0, bytesOutSession: 0 };

type ToolHook = 'on_request' | 'on_response';

/** Asks about a request that the guard let through, or whose name leads nowhere. */
export function askedRequest(step: Step, checked: Pick<Checked, 'addresses'>, occasion: Occasion): Asked {
  const masks = masksFor('on_request', occasion);
  const contentType = valueOf(step.headers, 'content-type');
  const isRead = occasion.parts.policies.has('on_request');
  const body = step.body && maskedBody({ bytes: step.body, contentType, truncated: false }, masks, isRead);
  const head = {
    method: step.method,
    url: maskedUrl(step.target.parts, masks),
    addresses: checked.addresses,
    hop: step.hop,
    redirectedFrom: step.redirectedFrom === undefined ? null : maskedUrl(step.redirectedFrom.parts, masks),
    headers: step.headers.map((header) => masks.header(header)),
  };
  const request = {
    ...head,
    body: body === undefined ? null : bodyOfEvent(body, head, masks.findings),
    findings: masks.findings,
  };
  const event: RequestEvent = { ...frameOf(occasion), kind: 'http.request', request };
  const shown = masks.isRaw ? event : occasion.parts.redactor.value(event);
  return {
    call: chainCall('on_request', shown, body?.bytes, occasion),
    event: shown,
    masks,
    notReplayable: rawReason(masks),
  };
}

/** What all events of a call have. */
export function frameOf({ call, decisionId, parts }: Occasion) {
  const { caller, usage: { callsInTask, bytesOut } = UNUSED } = call;
  return {
    abi: '1.0',
    decisionId,
    correlationId: caller.correlationId,
    traceparent: caller.traceparent,
    now: parts.clock.epochMs(),
    mode: 'enforce',
    agent: { id: caller.actor },
    session: { id: caller.sessionId, tenant: caller.tenant, labels: {} },
    task: { id: caller.taskId, attempt: caller.attempt, labels: caller.labels },
    tool: call.tool,
    usage: { callsInTask, bytesOut },
    config: {},
  } as const;
}

export function chainCall(
  hook: ToolHook,
  event: ChainCall['event'],
  body: Uint8Array | undefined,
  { call }: Occasion,
): ChainCall {
  const bodies = new Map(body === undefined ? [] : [[BODY_HANDLE, body]]);
  return { hook, event, bodies, counters: countersOf(call.usage) };
}

/** What `counter(name)` reads: what `POLICY_COUNTERS` of the ABI lists. */
function countersOf(usage: OutboundUsage = UNUSED): Record<PolicyCounter, number> {
  return {
    calls_in_task: usage.callsInTask,
    bytes_out: usage.bytesOut,
    calls_in_session: usage.callsInSession,
    bytes_out_session: usage.bytesOutSession,
  };
}

/** A policy that the operator lets see secrets makes the whole chain see them, and the audit says so. */
export function masksFor(hook: ToolHook, { call, parts: { redactor, key, policies } }: Occasion): Masks {
  return new Masks({ redactor, key, tenant: call.caller.tenant, isRaw: policyFacts(policies).rawAt.has(hook) });
}

/** Why a decision that was made from secrets cannot be made again. */
export function rawReason({ isRaw }: Masks): string | null {
  return isRaw ? 'a policy with raw-secrets saw what the record hides' : null;
}

function maskedUrl(url: EventUrl, masks: Masks): EventUrl {
  return {
    ...url,
    path: masks.text(url.path, { part: '/url/path' }),
    query: url.query.map((pair) => masks.query(pair)),
  };
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
