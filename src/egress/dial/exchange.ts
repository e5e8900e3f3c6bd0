import { type Readable } from 'node:stream';
import { type Dispatcher } from 'undici';
import { type Clock } from '../../kernel/clock.js';
import { Fault } from '../fault.js';
import { withSingleHeaders } from './single-headers.js';

export type Header = readonly [name: string, value: string];

export interface ExchangeRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  /** All that is sent, `host` included. */
  readonly headers: readonly Header[];
  readonly body: Uint8Array | undefined;
}

/** The head of an answer, and its body as it was sent. Whoever does not read the body to its end destroys it. */
export interface Head {
  readonly status: number;
  /** Names in lower case, repeated ones each. */
  readonly headers: readonly Header[];
  readonly body: Readable;
}

export interface HeadLimits {
  readonly clock: Clock;
  /** From the request to the end of the head. */
  readonly headersMs: number;
  /** Longest silence inside the body. */
  readonly silenceMs: number;
}

const MOST_INFOS = 8;
const MOST_HEADERS = 200;

/** Sends a request and answers once the head is there. @throws Fault, or the reason of the signal */
export async function exchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  limits: HeadLimits,
  signal: AbortSignal,
): Promise<Head> {
  const cut = new AbortController();
  const late = () => cut.abort(new Fault('timeout', `no answer in ${limits.headersMs} ms`));
  const cancel = limits.clock.schedule(limits.headersMs, late);
  try {
    const { statusCode, headers, body } = await dispatcher.request({
      ...request,
      headers: request.headers.flat(),
      body: request.body ?? null,
      signal: AbortSignal.any([signal, cut.signal]),
      responseHeaders: 'raw',
      onInfo: infoCounter(cut),
      headersTimeout: 0,
      bodyTimeout: limits.silenceMs,
    });
    const pairs = pairsOf(headers);
    return { status: statusCode, headers: singled(pairs, body), body: checked(body, headers) };
  } catch (error) {
    throw faultOf(error);
  } finally {
    cancel();
  }
}

/** Interim answers say nothing, so nobody needs many. */
function infoCounter(cut: AbortController): () => void {
  let infos = 0;
  return () => {
    infos += 1;
    if (infos > MOST_INFOS) cut.abort(new Fault('protocol', `more than ${MOST_INFOS} interim answers`));
  };
}

/** Failures of undici in the words of this product; those of the connector and of signals stay. */
export function faultOf(error: unknown): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (error.cause instanceof Fault) return error.cause;
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return new Fault('too_large', 'the head of the answer is too large');
  if (code === 'UND_ERR_BODY_TIMEOUT') return new Fault('timeout', 'the far side fell silent');
  if (error.name === 'HTTPParserError' || /^(?:HPE_|UND_ERR|ECONN|EPIPE)/.test(code))
    return new Fault('protocol', `the far side broke off or spoke no HTTP (${code || 'unreadable'})`, { cause: error });
  return error;
}

function checked(body: Readable, headers: unknown): Readable {
  if (pairsOf(headers).length <= MOST_HEADERS) return body;
  body.on('error', () => {}).destroy();
  throw new Fault('too_large', `the answer has more than ${MOST_HEADERS} headers`);
}

/** @throws Fault where the answer says two things of what can only be one */
function singled(pairs: readonly Header[], body: Readable): readonly Header[] {
  try {
    return withSingleHeaders(pairs);
  } catch (error) {
    body.on('error', () => {}).destroy();
    throw error;
  }
}

function pairsOf(raw: unknown): Header[] {
  const flat = (raw as readonly (string | Buffer)[]).map((one) => one.toString('latin1'));
  return flat.flatMap((text, at) => (at % 2 === 0 ? [[text.toLowerCase(), flat[at + 1] ?? ''] as const] : []));
}
