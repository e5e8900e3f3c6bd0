import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { type EventUrl, type RequestEvent } from '@llama-orch/policy-sdk/abi';
import { type ChainOutcome } from '../../policy-host/sandbox/chain.js';
import { normalise, type Target } from '../guard/normalise.js';
import { Refusal } from '../guard/refusal.js';
import { type Asked, unmaskedPairs } from './asked.js';
import { sentBody } from './exact-body.js';
import { checkedHeaders, checkMethod, withoutBodyHeaders } from './hygiene.js';
import { type Step } from './redirect.js';

/** What a policy makes one of these sends no body: servers disagree on where it would end. */
const BODILESS: readonly string[] = ['GET', 'HEAD'];

/** The request as the policies left it. What they write is looked at like what a caller writes. @throws Refusal */
export function patchedStep(step: Step, asked: Asked, outcome: ChainOutcome): Step {
  if (outcome.event === asked.call.event) return step;
  const { request } = outcome.event as RequestEvent;
  const given = asked.event.request;
  const { method } = request;
  checkMethod(method);
  const target = patchedTarget(step.target, given.url, request.url, asked);
  const headers = checkedHeaders(unmaskedPairs(request.headers, given.headers, step.headers));
  if (method !== step.method && BODILESS.includes(method))
    return { ...step, method, target, headers: withoutBodyHeaders(headers), body: undefined };
  return { ...step, method, target, headers, body: patchedBody(step, asked, outcome) };
}

function patchedBody(step: Step, asked: Asked, { body }: ChainOutcome): Uint8Array | undefined {
  return body === undefined ? step.body : sentBody(body, asked);
}

/** Built from parts and parsed like any other URL; what comes out has to be what the policy wrote. */
function patchedTarget(target: Target, given: EventUrl, wanted: EventUrl, { masks }: Asked): Target {
  if (isDeepStrictEqual(given, wanted)) return target;
  const { scheme, host, port } = wanted;
  if (/[\s/\\?#@%[\]]/.test(host)) throw new Refusal('HOST_INVALID', 'a policy wrote a host that is none');
  const path = given.path === wanted.path ? target.url.pathname : masks.reveal(wanted.path);
  if (!/^\/[^?#\\]*$/.test(path)) throw new Refusal('URL_INVALID', 'a policy wrote a path that is none');
  const isSameQuery = isDeepStrictEqual(given.query, wanted.query);
  const search = isSameQuery
    ? target.url.search
    : searchOf(unmaskedPairs(wanted.query, given.query, target.parts.query));
  const patched = normalise(`${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${port}${path}${search}`);
  if (
    isIP(host) !== 6 &&
    patched.parts.host !== host.toLowerCase().replace(/\.$/, '') &&
    isIP(patched.parts.host) === 0
  )
    throw new Refusal('HOST_INVALID', 'a policy wrote a host that reads differently');
  return patched;
}

function searchOf(query: readonly (readonly [string, string])[]): string {
  const search = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString();
  return search === '' ? '' : `?${search}`;
}
