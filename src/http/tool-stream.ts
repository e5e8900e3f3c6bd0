import { type ServerResponse } from 'node:http';
import { type Clock } from '../kernel/clock.js';

const HEAD = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff',
} as const;

export interface SentEvent {
  readonly event: string;
  readonly data: unknown;
}

/**
 * Sends the events of a call as the reader takes them: while it is behind, nothing is read from the far side. A reader
 * that takes nothing for `patienceMs` is cut off.
 */
export async function sendFrames(
  frames: AsyncIterable<SentEvent>,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  { clock, patienceMs }: { readonly clock: Clock; readonly patienceMs: number },
): Promise<void> {
  response.writeHead(200, { ...HEAD, ...headers });
  response.on('error', () => response.destroy());
  let id = 0;
  try {
    for await (const frame of frames) {
      if (response.destroyed) return;
      if (!response.write(textOf(++id, frame))) await drained(response, clock, patienceMs);
    }
    response.end();
  } catch {
    // The far side is told by leaving the loop; to the reader a cut stream says that it is not whole.
    response.destroy();
  }
}

function textOf(id: number, { event, data }: SentEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Resolves when there is room again, or nobody reads any more. */
function drained(response: ServerResponse, clock: Clock, patienceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.schedule(patienceMs, () => response.destroy());
    const go = () => {
      cancel();
      response.off('drain', go).off('close', go);
      resolve();
    };
    response.once('drain', go).once('close', go);
    if (response.destroyed) go();
  });
}
