import { invalidParams } from '../kernel/errors.js';
import { parseJsonBody } from './exact-json.js';

/** Only such text can hold a number that a 64-bit float does not: sixteen digits in a row, or a large exponent. */
const DOUBTFUL = /\d{16}|[eE][+-]?\d{3}/;
const DIGITS = /^-?\d+$/;
const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];

/**
 * Reads a JSON body whose every value is to be kept as it was sent.
 * @throws AppError `INVALID_PARAMS` as `parseJsonBody`, and for numbers and repeated names that would be changed or lost
 */
export function parseWholeBody(body: Buffer | undefined, maxDepth: number): unknown {
  const value = parseJsonBody(body, maxDepth);
  const text = body!.toString('latin1');
  if (DOUBTFUL.test(text)) refuseLostNumbers(body!.toString('utf8'));
  if (namesIn(body!) !== membersOf(value))
    throw invalidParams([{ pointer: '', message: 'an object in it has a member twice; send each once' }]);
  return value;
}

class Lost {}

function refuseLostNumbers(text: string): void {
  const lost = new Lost();
  const read = JSON.parse(text, ((_name: string, value: unknown, { source }: { readonly source?: string }) =>
    typeof value === 'number' && source !== undefined && isLost(value, source) ? lost : value) as (
    name: string,
    value: unknown,
  ) => unknown) as unknown;
  const pointer = placeOf(lost, read, '');
  if (pointer !== undefined)
    throw invalidParams([{ pointer, message: 'is a number that 64 bits do not hold exactly; send it as a string' }]);
}

function isLost(value: number, source: string): boolean {
  if (DIGITS.test(source)) return !Number.isSafeInteger(value);
  return !Number.isFinite(value) || (value === 0 && /[1-9]/.test(source.split(/[eE]/, 1)[0]!));
}

function placeOf(wanted: object, value: unknown, pointer: string): string | undefined {
  if (value === wanted) return pointer;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, member] of Object.entries(value)) {
    const place = placeOf(wanted, member, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** Names of members in the text: each has a colon behind it that stands in no string. */
function namesIn(body: Buffer): number {
  let count = 0;
  for (let at = 0; at < body.length; at++) {
    if (body[at] === QUOTE) at = endOfString(body, at);
    else if (body[at] === COLON) count++;
  }
  return count;
}

/** Long strings, such as those of bytes in base64, are passed over in one step. */
function endOfString(body: Buffer, start: number): number {
  let end = body.indexOf(QUOTE, start + 1);
  while (end !== -1 && isEscaped(body, end)) end = body.indexOf(QUOTE, end + 1);
  return end === -1 ? body.length : end;
}

function isEscaped(body: Buffer, at: number): boolean {
  let before = at - 1;
  while (body[before] === BACKSLASH) before--;
  return (at - before) % 2 === 0;
}

/** Members of all objects inside a value. */
function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + membersOf(item), 0);
  const members = Object.values(value);
  let count = members.length;
  for (const member of members) count += membersOf(member);
  return count;
}
