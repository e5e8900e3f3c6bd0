import { type AppError, invalidParams } from '../kernel/errors.js';

/** Stands for an integer literal that a JavaScript number cannot hold exactly. */
class UnsafeInteger {
  toJSON(): null {
    return null;
  }
}

const UNSAFE = new UnsafeInteger();
/** For each object the members whose number was not written as a plain integer. */
const loose = new WeakMap<object, Set<string>>();
/** Only such text can hold a member whose source matters: a fraction, an exponent, or sixteen digits in a row. */
const DOUBTFUL = /:\s*-?(?:\d{16}|\d+[.eE])/;
const PLAIN_INTEGER = /^-?\d+$/;

export function isUnsafeInteger(value: unknown): boolean {
  return value === UNSAFE;
}

/** True when the number at this place was written as digits alone. */
export function wasWrittenAsInteger(holder: unknown, member: string | number | undefined): boolean {
  return typeof holder !== 'object' || holder === null || !(loose.get(holder)?.has(String(member)) ?? false);
}

/**
 * Reads a JSON body without losing what its text said.
 * @throws AppError `INVALID_PARAMS` for bad UTF-8, bad JSON, or nesting deeper than `maxDepth`
 */
export function parseJsonBody(body: Buffer | undefined, maxDepth: number): unknown {
  if (body === undefined || body.length === 0) throw unreadable('the body is empty; send a JSON object');
  const text = decode(body);
  checkDepth(body, maxDepth);
  try {
    return DOUBTFUL.test(text)
      ? (JSON.parse(text, keepSource as (this: unknown, key: string, value: unknown) => unknown) as unknown)
      : (JSON.parse(text) as unknown);
  } catch (error) {
    throw unreadable(`the body is not JSON: ${placeOf(error, text)}`);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw unreadable('the body is not valid UTF-8');
  }
}

function keepSource(this: object, key: string, value: unknown, context?: { readonly source?: string }): unknown {
  // No contract has an int64 in an array, and a long one of fractions must not cost a set of a million names.
  if (typeof value !== 'number' || context?.source === undefined || Array.isArray(this)) return value;
  if (!PLAIN_INTEGER.test(context.source)) {
    loose.set(this, (loose.get(this) ?? new Set()).add(key));
    return value;
  }
  return Number.isSafeInteger(value) ? value : UNSAFE;
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/** Counts brackets outside strings, before the parser recurses into them. */
function checkDepth(body: Buffer, maxDepth: number): void {
  let depth = 0;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]!;
    if (byte === QUOTE) at = endOfString(body, at);
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) depth--;
    if (depth > maxDepth) throw unreadable(`the body must be nested at most ${maxDepth} deep`);
  }
}

function endOfString(body: Buffer, start: number): number {
  for (let at = start + 1; at < body.length; at++) {
    if (body[at] === BACKSLASH) at++;
    else if (body[at] === QUOTE) return at;
  }
  return body.length;
}

/** A body that cannot be read names no model, so no engine would have served it. */
function unreadable(message: string): AppError {
  return invalidParams([{ pointer: '', message }], { engine: null });
}

/** Where the parser stopped, without repeating the caller's text: it can hold a prompt. */
function placeOf(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : '';
  if (/^Unterminated|end of JSON/.test(message)) return 'it ends too early';
  const position = /position (\d+)/.exec(message)?.[1];
  if (position === undefined) return 'it holds an unexpected character';
  if (Number(position) >= text.length) return 'it ends too early';
  const before = text.slice(0, Number(position));
  const line = before.split('\n').length;
  return `unexpected character at line ${line}, column ${before.length - before.lastIndexOf('\n')}`;
}
