import { setTimeout as delay } from 'node:timers/promises';
import { type LlamaServer } from './llama-server.js';

const LIMIT_MS = 1_000;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 80;

/**
 * Asks until no more slots work than this connection's other generations need, or a second is over.
 * The server does not tell which slot a stream had, so slots are counted.
 */
export async function untilFree(
  server: LlamaServer,
  othersRunning: () => number,
  signal: AbortSignal,
): Promise<'free' | 'busy' | 'unknown'> {
  const limit = performance.now() + LIMIT_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const busy = await server.busySlots(signal, LIMIT_MS).catch(() => undefined);
    if (busy === undefined) return 'unknown';
    if (busy <= othersRunning()) return 'free';
    if (performance.now() + pauseMs > limit) return 'busy';
    await delay(pauseMs);
  }
}
