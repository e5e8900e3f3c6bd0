import { UnreachableError } from './api-error.js';
import { type Http } from './http.js';
import { readEvents } from './sse.js';
import { type CallHttpTool, type HttpToolEvents, type HttpToolFrame } from './types.js';

const EVENTS: ReadonlySet<string> = new Set(['head', 'chunk', 'end', 'error'] satisfies (keyof HttpToolEvents)[]);

/**
 * Makes a call whose answer is passed on as it comes; leaving the loop cancels it. A call is not made twice, so a
 * connection that breaks off is not opened again.
 */
export async function* streamTool(http: Http, call: CallHttpTool, signal?: AbortSignal): AsyncGenerator<HttpToolFrame> {
  const response = await http.send({
    method: 'POST',
    path: '/v1/tools/http',
    body: { ...call, stream: true },
    headers: { accept: 'text/event-stream' },
    signal,
  });
  try {
    for await (const frame of readEvents<HttpToolFrame>(response.body ?? nothing(), EVENTS)) {
      yield frame;
      if (frame.event === 'end' || frame.event === 'error') return;
    }
  } catch (cause) {
    signal?.throwIfAborted();
    throw brokenOff(cause);
  }
  throw brokenOff();
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function brokenOff(cause?: unknown): UnreachableError {
  return new UnreachableError('the answer of the tool call broke off; it may have been made all the same', { cause });
}
