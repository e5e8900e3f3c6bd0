/** An escape that was read: the character it stands for and how many bytes it takes. One object, as there are many. */
export interface Escape {
  code: number;
  /** 0: there is none. */
  size: number;
}

export const PERCENT = 0x25;
const AMPERSAND = 0x26;
const BACKSLASH = 0x5c;
const LONGEST_NAME = 12;
const LONGEST_NUMBER = 8;
/** No escape that is read here is longer. */
export const LONGEST_ESCAPE = LONGEST_NUMBER + 4;

/** What stands for itself behind a backslash. Letters such as `n` do not: a path has them too. */
const BEHIND_BACKSLASH: readonly number[] = [...'"\'/\\`'].map((one) => one.charCodeAt(0));
/** ASCII that HTML has names for. */
const NAMED: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", num: '#', excl: '!', dollar: '$', percnt: '%', lpar: '(' },
  ...{ rpar: ')', ast: '*', plus: '+', comma: ',', period: '.', sol: '/', colon: ':', semi: ';', equals: '=' },
  ...{ quest: '?', commat: '@', lsqb: '[', lbrack: '[', bsol: '\\', rsqb: ']', rbrack: ']', Hat: '^', lowbar: '_' },
  ...{ grave: '`', lcub: '{', lbrace: '{', verbar: '|', vert: '|', rcub: '}', rbrace: '}' },
};
const INCOMPLETE = /^(?:%[0-9a-f]?|\\(?:u\{?[0-9a-f]*|x[0-9a-f]?)?|&(?:#x?[0-9a-f]*|[a-z]*))$/i;

export function beginsEscape(byte: number): boolean {
  return byte === PERCENT || byte === AMPERSAND || byte === BACKSLASH;
}

/** Reads the escape at `at`, of URLs, JSON and HTML, into `escape`. */
export function readEscape(bytes: Uint8Array, at: number, escape: Escape): void {
  escape.size = 0;
  const [first, next = 0] = [bytes[at], bytes[at + 1]];
  if (first === PERCENT) take(escape, hexOf(bytes, at + 1, at + 3), 3);
  else if (first === AMPERSAND) readEntity(bytes, at, escape);
  else if (next === 0x75) readUnicode(bytes, at, escape);
  else if (next === 0x78) take(escape, hexOf(bytes, at + 2, at + 4), 4);
  else if (BEHIND_BACKSLASH.includes(next)) take(escape, next, 2);
}

/** Where an escape begins that the end of the bytes cuts; their length when none does. */
export function cutEscape(bytes: Uint8Array): number {
  for (let at = bytes.length - 1; at >= Math.max(0, bytes.length - LONGEST_ESCAPE - 1); at--) {
    if (!beginsEscape(bytes[at]!)) continue;
    return INCOMPLETE.test(latin1(bytes, at, bytes.length)) ? at : bytes.length;
  }
  return bytes.length;
}

/** `\uXXXX`, two of them for what lies beyond, or `\u{…}`. */
function readUnicode(bytes: Uint8Array, at: number, escape: Escape): void {
  if (bytes[at + 2] === 0x7b) {
    const end = bytes.indexOf(0x7d, at + 3);
    if (end > at + 3 && end <= at + 3 + LONGEST_NUMBER) take(escape, hexOf(bytes, at + 3, end), end + 1 - at);
    return;
  }
  const unit = hexOf(bytes, at + 2, at + 6);
  take(escape, unit, 6);
  if (!(unit >= 0xd800 && unit < 0xdc00) || bytes[at + 6] !== BACKSLASH || bytes[at + 7] !== 0x75) return;
  const low = hexOf(bytes, at + 8, at + 12);
  if (low >= 0xdc00 && low < 0xe000) take(escape, ((unit - 0xd800) << 10) + (low - 0xdc00) + 0x10000, 12);
}

/** `&#65;`, `&#x41;`, `&amp;`; the semicolon may be missing behind a number. */
function readEntity(bytes: Uint8Array, at: number, escape: Escape): void {
  if (bytes[at + 1] !== 0x23) return readName(bytes, at, escape);
  const isHex = (bytes[at + 2]! | 0x20) === 0x78;
  const from = at + (isHex ? 3 : 2);
  let [end, code] = [from, 0];
  for (; end < from + LONGEST_NUMBER; end++) {
    const digit = digitOf(bytes[end]);
    if (digit < 0 || (!isHex && digit > 9)) break;
    code = code * (isHex ? 16 : 10) + digit;
  }
  if (end > from) take(escape, code, end - at + (bytes[end] === 0x3b ? 1 : 0));
}

function readName(bytes: Uint8Array, at: number, escape: Escape): void {
  let end = at + 1;
  while (end <= at + LONGEST_NAME && isLetter(bytes[end])) end++;
  const meant = bytes[end] === 0x3b && end > at + 1 ? namedBy(latin1(bytes, at + 1, end)) : undefined;
  if (meant !== undefined) take(escape, meant.charCodeAt(0), end + 1 - at);
}

function namedBy(name: string): string | undefined {
  return Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
}

function take(escape: Escape, code: number, size: number): void {
  if (!(code >= 0 && code <= 0x10ffff)) return;
  escape.code = code;
  escape.size = size;
}

/** NaN where anything but digits stands. */
function hexOf(bytes: Uint8Array, from: number, end: number): number {
  let code = 0;
  for (let at = from; at < end; at++) {
    const digit = digitOf(bytes[at]);
    if (digit < 0) return NaN;
    code = code * 16 + digit;
  }
  return code;
}

function digitOf(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function isLetter(byte = 0): boolean {
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
}

function latin1(bytes: Uint8Array, from: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(from, end));
}
