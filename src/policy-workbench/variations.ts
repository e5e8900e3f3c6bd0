import { type Json, type RequestEvent } from '@llama-orch/policy-sdk/abi';
import { METHODS } from '../kernel/outbound-http.js';

/** The same call with one thing changed. */
export interface Variation {
  /** Completes "would have passed …". */
  readonly change: string;
  readonly event: RequestEvent;
}

type Settings = Readonly<Record<string, Json>>;
type Request = RequestEvent['request'];

const HOST = /^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+$/;
const MOST_HOSTS = 8;

/** Neighbours of a denied call, likeliest first: a policy that lets one of them through has told what it minds. */
export function variationsOf(event: RequestEvent, settings: Settings): Variation[] {
  const { request } = event;
  const changed = (change: string, members: Partial<Request>): Variation => ({
    change,
    event: { ...event, request: { ...request, ...members } },
  });
  const { url, body, headers } = request;
  const at = (members: Partial<Request['url']>): Partial<Request> => ({ url: { ...url, ...members } });
  return [
    ...hostsIn(settings).map((host) => changed(`to the host ${host}`, at({ host, ipLiteral: false }))),
    ...(url.scheme === 'https' ? [] : [changed('over https', at({ scheme: 'https', port: 443 }))]),
    ...(isUsualPort(url) ? [] : [changed('on the usual port', at({ port: url.scheme === 'https' ? 443 : 80 }))]),
    ...METHODS.filter((method) => method !== request.method).map((method) =>
      changed(`with ${method}`, bodiless(method) ? { method, body: null } : { method }),
    ),
    ...(body === null ? [] : [changed('without a body', { body: null })]),
    ...(request.findings.length === 0 ? [] : [changed('without what was found in it', { findings: [] })]),
    ...(url.query.length === 0 ? [] : [changed('without a query', at({ query: [] }))]),
    ...[...new Set(headers.map(([name]) => name))].map((gone) =>
      changed(`without the header ${gone}`, { headers: headers.filter(([name]) => name !== gone) }),
    ),
  ];
}

function bodiless(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

function isUsualPort({ scheme, port }: Request['url']): boolean {
  return port === (scheme === 'https' ? 443 : 80);
}

/** Hosts that settings name, wherever they stand; a wildcard becomes a name that it covers. */
function hostsIn(settings: Settings): string[] {
  const found = textsIn(settings).filter((text) => HOST.test(text));
  return [...new Set(found)].slice(0, MOST_HOSTS).map((host) => host.replace(/^\*\./, 'www.'));
}

function textsIn(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value as Readonly<Record<string, Json>>).flatMap(textsIn);
}
