import { isIP } from 'node:net';
import { type Json } from '@llama-orch/policy-sdk/abi';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, ftp: 21, ws: 80, wss: 443 };

/** The parts of a URL that stands in a body, in the form of `request.url`; null when it is none. */
export function urlParts(text: string): Json {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const scheme = url.protocol.slice(0, -1);
  const host = bareHost(url.hostname);
  return {
    scheme,
    host,
    port: url.port === '' ? (DEFAULT_PORTS[scheme] ?? null) : Number(url.port),
    path: url.pathname,
    query: [...url.searchParams].map(([name, value]) => [name, value]),
    ipLiteral: isIP(host) !== 0,
    hadUserinfo: url.username !== '' || url.password !== '',
  };
}

/** Without brackets and trailing dot. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}
