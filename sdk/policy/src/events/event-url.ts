import { isIP } from 'node:net';
import { type EventUrl } from '../abi.js';

/** A URL in parts, as the host hands it over. @throws Error when it is none, or not http or https */
export function eventUrl(text: string): EventUrl {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new Error(`${JSON.stringify(text)} is no URL of http or https, so no policy is ever asked about it`);
  }
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  return {
    scheme,
    host,
    port: url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port),
    path: url.pathname,
    query: [...url.searchParams],
    ipLiteral: isIP(host) !== 0,
    hadUserinfo: url.username !== '' || url.password !== '',
  };
}
