import { type Header } from '../dial/exchange.js';
import { isHostHeader, METHODS } from '../../kernel/outbound-http.js';
import { Refusal } from '../guard/refusal.js';

const MOST_HEADERS = 64;
/** As many as web servers take. */
const MOST_BYTES = 16 * 1024;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
const VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;
/** The host asks for what it can undo. */
const DROPPED: readonly string[] = ['accept-encoding'];
/** What an answer says of its connection. */
const HOP_BY_HOP: readonly string[] = ['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'];
/** What it says of the bytes that were sent: policies judge by it, and a body that is decoded belies it. */
const OF_SENT_BYTES: readonly string[] = ['content-encoding', 'content-length'];

/** Beside all that is called `content-…`. */
const OF_A_BODY: readonly string[] = ['digest', 'repr-digest', 'want-content-digest'];

/** @throws Refusal for a method that is not on the list */
export function checkMethod(method: string): void {
  if (!METHODS.includes(method)) throw new Refusal('METHOD', 'the method is not on the list');
}

/** A caller's headers as they may be sent, names in lower case. @throws Refusal */
export function checkedHeaders(headers: readonly Header[]): readonly Header[] {
  const kept = headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  const bytes = kept.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (kept.length > MOST_HEADERS || bytes > MOST_BYTES) throw new Refusal('HEADER', 'there are too many headers');
  for (const [name, value] of kept) checkHeader(name, value);
  return kept.filter(([name]) => !DROPPED.includes(name));
}

export function withoutHopByHop(headers: readonly Header[]): readonly Header[] {
  return headers.filter(([name]) => !HOP_BY_HOP.includes(name) && !name.startsWith('proxy-'));
}

export function withoutSentBytes(headers: readonly Header[]): readonly Header[] {
  return headers.filter(([name]) => !OF_SENT_BYTES.includes(name));
}

/** Of a request that lost its body. */
export function withoutBodyHeaders(headers: readonly Header[]): readonly Header[] {
  return headers.filter(([name]) => !name.startsWith('content-') && !OF_A_BODY.includes(name));
}

function checkHeader(name: string, value: string): void {
  if (!NAME.test(name)) throw new Refusal('HEADER', 'a header has a name that is none');
  if (!VALUE.test(value)) throw new Refusal('HEADER', `header ${name} holds a control character`);
  if (isHostHeader(name)) throw new Refusal('HEADER', `header ${name} is not the caller's to set`);
}
