import { type Header } from '../dial/exchange.js';
import { Fault } from '../fault.js';
import { normalise, originOf, type Target } from '../guard/normalise.js';
import { Refusal } from '../guard/refusal.js';
import { withoutBodyHeaders } from './hygiene.js';

/** One request of a call: the first, or what a redirect made of it. */
export interface Step {
  /** 0 for the first, then one more with each redirect. */
  readonly hop: number;
  readonly target: Target;
  readonly method: string;
  readonly headers: readonly Header[];
  readonly body: Uint8Array | undefined;
  readonly redirectedFrom: Target | undefined;
}

export const MOST_REDIRECTS = 5;

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** All that another origin gets to know. A list of what stays, as nobody knows how a secret header is called. */
const HARMLESS: readonly string[] = [
  'accept',
  'accept-language',
  'user-agent',
  'content-type',
  'content-language',
  'range',
];

/** Where an answer sends the caller; undefined when it does not. `Refresh` and markup are nobody's business here. */
export function locationOf(status: number, headers: readonly Header[]): string | undefined {
  if (!REDIRECTS.includes(status)) return undefined;
  return headers.find(([name]) => name === 'location')?.[1];
}

/** The request that a redirect asks for. @throws Refusal, Fault after too many */
export function redirected(step: Step, status: number, location: string): Step {
  if (step.hop >= MOST_REDIRECTS) throw new Fault('redirect', `more than ${MOST_REDIRECTS} redirects`);
  const target = destination(location, step.target);
  const keepsBody = status === 307 || status === 308 || !becomesGet(status, step.method);
  const headers = step.headers.filter(([name]) => isSameOrigin(target, step.target) || HARMLESS.includes(name));
  return {
    hop: step.hop + 1,
    target,
    method: keepsBody ? step.method : 'GET',
    headers: keepsBody ? headers : withoutBodyHeaders(headers),
    body: keepsBody ? step.body : undefined,
    redirectedFrom: step.target,
  };
}

export function isSameOrigin(a: Target, b: Target): boolean {
  return originOf(a) === originOf(b);
}

/** A relative address becomes a whole one and is then parsed like any other. */
function destination(location: string, from: Target): Target {
  const href = URL.parse(location, from.url.href)?.href;
  if (href === undefined) throw new Refusal('URL_INVALID', 'the redirect leads to no URL');
  const target = normalise(hasControls(location) ? location : href);
  const [before, after] = [from.parts, target.parts];
  if (before.scheme === 'https' && after.scheme === 'http')
    throw new Refusal('REDIRECT_DOWNGRADE', 'the redirect leads from https to http');
  const isUpgrade = before.scheme === 'http' && before.port === 80 && after.scheme === 'https' && after.port === 443;
  if (before.port !== after.port && !isUpgrade)
    throw new Refusal('REDIRECT_PORT', 'the redirect leads to another port');
  return target;
}

function hasControls(text: string): boolean {
  return /[\u0000-\u001f\u007f]/.test(text);
}

/** As browsers have it: 303 is a GET, 301 and 302 make a POST one. */
function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'HEAD';
  return method === 'POST';
}
