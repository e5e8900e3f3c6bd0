import { isHostHeader } from '../../../kernel/outbound-http.js';
import { RefusedPatch } from './refused-patch.js';

type Pairs = readonly (readonly [string, string])[];

const MOST_HEADERS = 64;
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]{1,256}$/;
/** No control characters, so that no value begins a header of its own. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Beside what is the host's in any case: it says how the body is to be read. */
const OF_THE_BODY = 'content-encoding';
/** Credentials: a policy may take them away, and not put its own in their place. */
const REMOVE_ONLY = new Set(['authorization', 'cookie', 'set-cookie', 'www-authenticate']);

export function withHeader(headers: Pairs, name: string, value: string): Pairs {
  const wanted = checkedName(name);
  if (REMOVE_ONLY.has(wanted)) throw new RefusedPatch(`setHeader may not set ${wanted}`);
  if (!VALUE.test(value)) throw new RefusedPatch(`setHeader gives ${wanted} a value that headers cannot have`);
  const changed = replaced(headers, wanted, value);
  if (changed.length > MOST_HEADERS) throw new RefusedPatch(`setHeader makes more than ${MOST_HEADERS} headers`);
  return changed;
}

export function withoutHeader(headers: Pairs, name: string): Pairs {
  const wanted = checkedName(name);
  return headers.filter(([present]) => present !== wanted);
}

/** One pair of the name in the place of the first; at the end when there was none. */
export function replaced(pairs: Pairs, name: string, value: string): Pairs {
  const first = pairs.findIndex(([present]) => present === name);
  if (first === -1) return [...pairs, [name, value]];
  const others = pairs.filter(([present], index) => present !== name || index === first);
  return others.map((pair) => (pair[0] === name ? [name, value] : pair));
}

function checkedName(name: string): string {
  const wanted = name.toLowerCase();
  if (!NAME.test(wanted)) throw new RefusedPatch('a patch names a header as headers cannot be named');
  if (wanted === OF_THE_BODY || isHostHeader(wanted))
    throw new RefusedPatch(`a patch may not change ${wanted}: the host sets it`);
  return wanted;
}
