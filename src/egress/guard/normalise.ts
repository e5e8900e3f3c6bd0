import { isIP } from 'node:net';
import { type EventUrl } from '@llama-orch/policy-sdk/abi';
import { Refusal } from './refusal.js';

/** A URL that was parsed once. The object that was judged is the object that is dialled. */
export interface Target {
  /** Never written to. Without credentials, fragment and trailing dot. */
  readonly url: URL;
  /** The same in parts, as policies see it. */
  readonly parts: EventUrl;
}

const MOST_BYTES = 8 * 1024;
/** Each costs whoever reads them more than its bytes. */
const MOST_PARAMETERS = 256;
const MOST_HOST = 253;
const DEFAULT_PORTS = { http: 80, https: 443 } as const;

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Parses a URL as WHATWG has it, once. @throws Refusal */
export function normalise(text: string): Target {
  if (Buffer.byteLength(text) > MOST_BYTES)
    throw new Refusal('URL_TOO_LONG', `the URL is longer than ${MOST_BYTES} bytes`);
  if (CONTROL.test(text)) throw new Refusal('CONTROL_CHARACTER', 'the URL holds a control character');
  const url = URL.parse(text);
  if (url === null || text !== text.trim()) throw new Refusal('URL_INVALID', 'the text is no URL');
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'http' && scheme !== 'https') throw new Refusal('SCHEME', `the scheme is ${scheme.slice(0, 32)}`);
  if (url.username !== '' || url.password !== '')
    throw new Refusal('USERINFO', 'the URL holds a user name or password');
  const host = plainHost(url);
  url.hash = '';
  if (url.searchParams.size > MOST_PARAMETERS)
    throw new Refusal('URL_TOO_LONG', `the query has more than ${MOST_PARAMETERS} parameters`);
  return { url, parts: partsOf(url, scheme, host) };
}

/** Scheme, host and port. */
export function originOf({ parts: { scheme, host, port } }: Target): string {
  return `${scheme}://${host}:${port}`;
}

/** What can be shown and recorded. */
export function hrefOf({ url }: Target): string {
  return url.href;
}

function partsOf(url: URL, scheme: 'http' | 'https', host: string): EventUrl {
  return {
    scheme,
    host,
    port: url.port === '' ? DEFAULT_PORTS[scheme] : Number(url.port),
    path: url.pathname,
    query: [...url.searchParams],
    ipLiteral: isIP(host) !== 0,
    hadUserinfo: false,
  };
}

/** Without brackets and without the dot at the end, which the URL loses too, so that TLS and `Host` have the same name. */
function plainHost(url: URL): string {
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1);
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  if (isIP(host) === 0 && !isName(host)) throw new Refusal('HOST_INVALID', 'the host is neither a name nor an address');
  return host;
}

function isName(host: string): boolean {
  return host.length <= MOST_HOST && host.split('.').every((label) => LABEL.test(label));
}
