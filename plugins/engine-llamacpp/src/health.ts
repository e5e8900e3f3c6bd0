import { isEngineError, type EngineHealth } from '@llama-orch/plugin-sdk';
import { readErrorBody } from '@llama-orch/plugin-sdk/http';
import { type LlamaServer } from './llama-server.js';

/** Asks `/health`, which needs no key. Busy is not unhealthy: it shows in slots. */
export async function healthOf(server: LlamaServer, signal: AbortSignal): Promise<EngineHealth> {
  try {
    const reply = await server.health(signal);
    if (reply.status === 200) return { state: 'ready' };
    const { message } = readErrorBody(reply.text);
    if (reply.status === 503 && /loading/i.test(message)) return { state: 'loading', reason: 'loading' };
    return { state: 'failed', reason: 'unhealthy' };
  } catch (error) {
    return { state: 'failed', reason: (isEngineError(error) ? error.reason : undefined) ?? 'unhealthy' };
  }
}
