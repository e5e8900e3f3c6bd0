import { isIP } from 'node:net';
import { type EventUrl, type PatchOp } from '@llama-orch/policy-sdk/abi';
import { bareHost } from '../host/url-parts.js';
import { replaced } from './headers.js';
import { RefusedPatch } from './refused-patch.js';

const MOST_QUERY = 256;
const DEFAULT_PORTS = { http: 80, https: 443 } as const;

type SetUrl = Extract<PatchOp, { op: 'setUrl' }>;

/** The URL with other parts, in the form that the host's own parser gives them. */
export function withParts(
  url: EventUrl,
  { scheme = url.scheme, host = url.host, path = url.path, ...op }: SetUrl,
): EventUrl {
  const port = op.port ?? (url.port === DEFAULT_PORTS[url.scheme] ? DEFAULT_PORTS[scheme] : url.port);
  const parsed = parse(`${scheme}://${bracketed(checkedHost(host))}:${port}${checkedPath(path)}`);
  const bare = bareHost(parsed.hostname);
  return { ...url, scheme, host: bare, port, path: parsed.pathname, ipLiteral: isIP(bare) !== 0 };
}

export function withQuery(url: EventUrl, name: string, value: string): EventUrl {
  const query = replaced(url.query, name, value);
  if (query.length > MOST_QUERY) throw new RefusedPatch(`setQuery makes more than ${MOST_QUERY} parameters`);
  return { ...url, query };
}

export function withoutQuery(url: EventUrl, name: string): EventUrl {
  return { ...url, query: url.query.filter(([present]) => present !== name) };
}

/** True when the call goes to another place, so that the address has to be looked at again. */
export function isElsewhere(before: EventUrl, after: EventUrl): boolean {
  return before.scheme !== after.scheme || before.host !== after.host || before.port !== after.port;
}

/** Only what is nothing but a host: what else a URL may have would become another part of it. */
function checkedHost(host: string): string {
  if (/^[^\s/\\?#@:]+$/.test(host) || isIP(host) === 6) return host;
  throw new RefusedPatch('setUrl names a host that is none');
}

function checkedPath(path: string): string {
  if (/^\/[^?#\\\s]*$/.test(path)) return path;
  throw new RefusedPatch('setUrl needs a path that begins with / and has no query');
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

function parse(text: string): URL {
  if (!URL.canParse(text)) throw new RefusedPatch('setUrl makes a URL that is none');
  return new URL(text);
}
