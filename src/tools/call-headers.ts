import { type Violation } from '../kernel/errors.js';
import { isHostHeader } from '../kernel/outbound-http.js';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** The daemon asks for encodings that it can undo. */
const ENCODINGS = 'accept-encoding';
const LONGEST_NAME = 100;

/** True for headers that no caller, secret or provider sets. */
export function isReserved(name: string): boolean {
  const lower = name.toLowerCase();
  return lower === ENCODINGS || isHostHeader(lower);
}

/** What is wrong with the headers of a call, each with its place. */
export function headerViolations(headers: Readonly<Record<string, string>>): Violation[] {
  const seen = new Set<string>();
  return Object.entries(headers).flatMap(([name, value]) => {
    const message = faultOf(name, value, seen);
    seen.add(name.toLowerCase());
    return message === undefined ? [] : [{ pointer: `/headers/${step(name)}`, message }];
  });
}

function faultOf(name: string, value: string, seen: ReadonlySet<string>): string | undefined {
  if (!TOKEN.test(name)) return 'is no name of a header';
  if (isReserved(name)) return 'is written by the daemon; leave it out';
  if (seen.has(name.toLowerCase())) return 'is there twice, in another case; give it once';
  if (!VALUE.test(value)) return 'must hold no line breaks, control characters or characters beyond Latin-1';
  return undefined;
}

function step(name: string): string {
  const short = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
  return short.replaceAll('~', '~0').replaceAll('/', '~1');
}
