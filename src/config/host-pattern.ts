import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

export const HOST_PATTERN =
  'must be a host name, *. and a host name, an address, or a range such as 10.0.0.0/8; without a port';

/** A name that is compared whole or, after `*.`, as the end; an address; or a range of addresses. */
export function isHostPattern(text: string): boolean {
  const [network = '', prefix, more] = text.split('/');
  if (prefix !== undefined) return more === undefined && isPrefix(prefix, isIP(network));
  if (isIP(text) !== 0) return true;
  return isName(text.startsWith('*.') ? text.slice(2) : text);
}

function isPrefix(text: string, version: number): boolean {
  const most = version === 4 ? 32 : 128;
  return version !== 0 && /^\d{1,3}$/.test(text) && Number(text) <= most;
}

/** Names that a URL would read as an address, such as `127.1`, are none. */
function isName(text: string): boolean {
  if (!/^[^*\s/@:\\?#%[\]]+$/.test(text) || domainToASCII(text) === '') return false;
  const host = URL.parse(`http://${text}/`)?.hostname ?? '';
  return host !== '' && isIP(host) === 0;
}
