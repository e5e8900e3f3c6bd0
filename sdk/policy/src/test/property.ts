import { type Decision, type Json } from '../abi.js';
import { type JsonObject } from '../schema/schema.js';
import { type EventBuilder, request } from './events.js';
import { type PolicyUnderTest } from './policy-under-test.js';

export interface PropertyOptions {
  /** Events that are tried; 100 unless said. */
  readonly runs?: number;
  /** The same seed tries the same events. */
  readonly seed?: number;
  readonly config?: JsonObject;
}

/** What chance makes of a call. */
export interface AnyRequest {
  readonly method: string;
  readonly url: string;
  readonly host: string;
}

/**
 * Tries a policy with calls of all kinds, both ways. `holds` says whether the decision is right for the call.
 * @throws Error with the seed and the first call for which it is not
 */
export async function forEveryRequest(
  tested: PolicyUnderTest,
  holds: (decision: Decision | undefined, call: AnyRequest) => boolean,
  { runs = 100, seed = 1, config = {} }: PropertyOptions = {},
): Promise<void> {
  const pick = picker(seed);
  for (let run = 0; run < runs; run += 1) {
    const call = anyCall(pick);
    const { decision } = await tested.answer(eventOf(call, pick).withConfig(config));
    if (holds(decision, call)) continue;
    throw new Error(
      `seed ${seed}, run ${run + 1}: ${call.method} ${call.url} was answered with ${JSON.stringify(decision)}`,
    );
  }
}

type Pick = <T>(choices: readonly T[]) => T;

const HOSTS = ['example.com', 'api.example.com', 'a.b.example.com', 'evilexample.com', 'example.com.evil.org'] as const;
const ODD_HOSTS = ['127.0.0.1', '203.0.113.7', '[2001:db8::1]', 'xn--exmple-4nf.com', 'localhost'] as const;
const PATHS = ['/', '/v1/x', '/v1/x/../y', '/%2e%2e/etc', '/a%00b'] as const;
const QUERIES = ['', '?q=1', '?token=abc&q=1', '?q=1&q=2'] as const;
const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete'] as const;
const BODIES: readonly Json[] = [
  null,
  { a: 1 },
  { user: { email: 'a@example.com' } },
  [1, 'two', null],
  'text',
  'ü—😀',
];
const HEADERS: readonly Readonly<Record<string, string>>[] = [
  {},
  { authorization: '<secret:bearer sha256:ab12>' },
  { cookie: 'a=1' },
];
const FINDINGS: readonly (readonly string[])[] = [[], ['secret.bearer'], ['email'], ['secret.aws_key', 'card']];

function anyCall(pick: Pick): AnyRequest & { readonly verb: (typeof METHODS)[number] } {
  const verb = pick(METHODS);
  const host = pick([...HOSTS, ...ODD_HOSTS]);
  const url = `${pick(['https', 'http'])}://${host}${pick(['', ':8443'])}${pick(PATHS)}${pick(QUERIES)}`;
  return { verb, method: verb.toUpperCase(), url, host: host.replace(/^\[|\]$/g, '') };
}

function eventOf({ verb, url }: ReturnType<typeof anyCall>, pick: Pick): EventBuilder {
  const asked = request[verb](url)
    .headers(pick(HEADERS))
    .findings(...pick(FINDINGS));
  const body = pick(BODIES);
  return body === null ? asked : typeof body === 'string' ? asked.text(body) : asked.json(body);
}

/** Mulberry32: small, and the same everywhere. */
function picker(seed: number): Pick {
  let state = seed >>> 0;
  return (choices) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return choices[((mixed ^ (mixed >>> 14)) >>> 0) % choices.length] as (typeof choices)[number];
  };
}
