import {
  type EngineConnection,
  type EngineDescription,
  EngineError,
  type EngineEndpoint,
  GREEDY,
} from '@llama-orch/plugin-sdk';
import { type Clock } from '../kernel/clock.js';
import { bounded, pause } from './wait.js';

const LOADING_PROBE_MS = 100;
const FIRST_DECODE_MS = 60_000;

export interface PreloadLimits {
  readonly loadMs: number;
  readonly probeMs: number;
}

/** Waits until the engine says that its model is loaded. @throws EngineError when it fails or takes too long */
export async function awaitLoaded(
  engine: EngineConnection,
  limits: PreloadLimits,
  clock: Clock,
  stop: AbortSignal,
): Promise<void> {
  const deadline = clock.now() + limits.loadMs;
  for (;;) {
    const health = await bounded((signal) => engine.health(signal), limits.probeMs, clock, stop).catch(asLoading);
    if (health.state === 'ready') return;
    if (health.state === 'failed') throw new EngineError('unavailable', health.reason ?? 'the engine failed to load');
    if (clock.now() > deadline) throw tookTooLong(limits.loadMs);
    await pause(LOADING_PROBE_MS, clock, stop);
    if (stop.aborted) throw new EngineError('unavailable', 'the wait for the engine was called off');
  }
}

/** Proves that the engine decodes: one token, greedy. @throws EngineError when nothing comes */
export async function decodeOnce(
  engine: EngineConnection,
  endpoint: EngineEndpoint,
  description: EngineDescription,
  clock: Clock,
  stop: AbortSignal,
): Promise<void> {
  if (!description.workloads.includes('completion')) return;
  await bounded((signal) => drain(engine, endpoint, signal), FIRST_DECODE_MS, clock, stop);
}

async function drain(engine: EngineConnection, endpoint: EngineEndpoint, signal: AbortSignal): Promise<void> {
  let ended = false;
  const request = {
    taskId: `preload-${endpoint.replicaId}`,
    prompt: { type: 'text', text: 'Hello' },
    sampling: GREEDY,
    seed: 0,
    maxTokens: 1,
  } as const;
  for await (const batch of engine.generate(request, signal)) ended ||= batch.some((event) => event.type === 'end');
  if (!ended) throw new EngineError('internal', 'the engine did not finish a decode of one token');
}

/** A probe that fails or hangs while the engine loads says nothing yet: the load limit decides. */
function asLoading(): { readonly state: 'loading' } {
  return { state: 'loading' };
}

function tookTooLong(loadMs: number): EngineError {
  return new EngineError('timeout', `the engine was not ready within ${loadMs} ms; raise timeouts.load_ms of the pool`);
}
