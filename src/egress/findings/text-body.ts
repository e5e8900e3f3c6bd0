import { type Header } from '../dial/exchange.js';

/** A body that is text. */
export interface TextBody {
  readonly text: string;
  encode(text: string): Uint8Array;
}

/** The body is text in an encoding that is not read here. */
export const UNREADABLE = Symbol('unreadable');

const BINARY_TYPES = /^(?:image|audio|video|font)\/(?!svg)|^application\/(?:octet-stream|zip|gzip|pdf|wasm|x-tar)/;
const UNREADABLE_CHARSETS = /^(?:utf-?16|utf-?32|ucs-?2|utf-7|iso-2022|hz-gb)/;
const LOOKED_AT = 8 * 1024;

/** The body as text; undefined for bytes that are none. */
export function textBodyOf(body: Uint8Array, contentType: string | null): TextBody | typeof UNREADABLE | undefined {
  const charset = /charset="?([\w-]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase() ?? '';
  if (UNREADABLE_CHARSETS.test(charset) || hasWideMark(body)) return UNREADABLE;
  if (BINARY_TYPES.test(contentType ?? '') || body.subarray(0, LOOKED_AT).includes(0)) return undefined;
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const text = buffer.toString('utf8');
  const isUtf8 = !text.includes('\ufffd') || Buffer.from(text).equals(buffer);
  if (isUtf8) return { text, encode: (changed) => Buffer.from(changed) };
  return { text: buffer.toString('latin1'), encode: (changed) => Buffer.from(changed, 'latin1') };
}

export function valueOf(headers: readonly Header[], name: string): string | null {
  return headers.find(([one]) => one === name)?.[1] ?? null;
}

export function isJsonType(contentType: string | null): boolean {
  return /^(?:application|text)\/(?:[\w.+-]+\+)?json\b/i.test(contentType ?? '');
}

/** The byte order marks of UTF-16 and UTF-32. */
function hasWideMark([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}
