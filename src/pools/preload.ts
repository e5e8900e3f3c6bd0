import {
  type EngineConnection,
  type EngineDescription,
  EngineError,
  type EngineEndpoint,
  type EngineEvent,
  GREEDY,
  type GenerateRequest,
} from '@llama-orch/plugin-sdk';
import { type Clock } from '../kernel/clock.js';
import { asEngineError } from './failure.js';
import { bounded, pause } from './wait.js';

/** The first waits while an engine loads are short, so that a small model is not kept waiting. */
const SHORTEST_WAIT_MS = 100;
/** Later waits are this share of the time that loading has taken. */
const SHARE_OF_LOADING = 1 / 20;
const FIRST_DECODE_MS = 60_000;
/** Enough for the cancel to come while the engine decodes. */
const CANCEL_TOKENS = 64;

export interface PreloadLimits {
  readonly loadMs: number;
  readonly probeMs: number;
  /** Longest wait between two probes. */
  readonly intervalMs: number;
}

/** A loaded engine and how to wait for it. */
export interface Trial {
  readonly engine: EngineConnection;
  readonly endpoint: EngineEndpoint;
  readonly description: EngineDescription;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

/** Waits until the engine says that its model is loaded. @throws EngineError when it fails or takes too long */
export async function awaitLoaded(
  engine: EngineConnection,
  limits: PreloadLimits,
  clock: Clock,
  stop: AbortSignal,
): Promise<void> {
  const began = clock.now();
  for (;;) {
    const health = await bounded((signal) => engine.health(signal), limits.probeMs, clock, stop).catch(asLoading);
    if (health.state === 'ready') return;
    if (health.state === 'failed')
      throw health.error ?? new EngineError('unavailable', health.reason ?? 'the engine failed to load');
    const loadedFor = clock.now() - began;
    if (loadedFor > limits.loadMs) throw tookTooLong(limits.loadMs);
    await pause(Math.min(limits.intervalMs, waitAfter(loadedFor)), clock, stop);
    if (stop.aborted) throw new EngineError('unavailable', 'the wait for the engine was called off');
  }
}

/** Proves that the engine decodes: one token, greedy. @throws EngineError when nothing comes */
export async function decodeOnce({ engine, endpoint, description, clock, stop }: Trial): Promise<void> {
  if (!description.workloads.includes('completion')) return;
  const request = requestOf(`preload-${endpoint.replicaId}`, 1);
  await bounded((signal) => drain(engine.generate(request, signal)), FIRST_DECODE_MS, clock, stop);
}

/** Asks a Ready engine for one token. @throws EngineError when none comes in time */
export async function decodeCanary(trial: Trial, limitMs: number): Promise<void> {
  const { engine, endpoint, clock, stop } = trial;
  const request = requestOf(`canary-${endpoint.replicaId}`, 1);
  await bounded((signal) => drain(engine.generate(request, signal)), limitMs, clock, stop);
}

/** Proves that a cancel ends a running decode and frees its slot. @throws EngineError when it does not */
export async function cancelOnce(
  { engine, endpoint, description, clock, stop }: Trial,
  limitMs: number,
): Promise<void> {
  if (!description.workloads.includes('completion')) return;
  const cancel = new AbortController();
  const request = requestOf(`self-test-${endpoint.replicaId}`, CANCEL_TOKENS);
  const batches = engine.generate(request, cancel.signal)[Symbol.asyncIterator]();
  try {
    const first = await bounded(() => batches.next(), FIRST_DECODE_MS, clock, stop);
    if (first.done === true || first.value.some(isEnd)) return;
    cancel.abort(CANCELLED);
    await bounded(() => settled(batches), limitMs, clock, stop).catch((error: unknown) => {
      throw asKeptSlot(error, limitMs);
    });
  } finally {
    cancel.abort(CANCELLED);
  }
}

/** An abort without a reason makes an error with a stack. */
const CANCELLED = 'the self-test is over';

async function settled(batches: AsyncIterator<readonly EngineEvent[]>): Promise<void> {
  const { done } = await batches.next();
  if (done !== true) throw new EngineError('adapter', 'the engine went on after a cancel');
}

async function drain(batches: AsyncIterable<readonly EngineEvent[]>): Promise<void> {
  let ended = false;
  for await (const batch of batches) ended ||= batch.some(isEnd);
  if (!ended) throw new EngineError('internal', 'the engine did not finish a decode of one token');
}

function isEnd({ type }: EngineEvent): boolean {
  return type === 'end';
}

function requestOf(taskId: string, maxTokens: number): GenerateRequest {
  return { taskId, prompt: { type: 'text', text: 'Hello' }, sampling: GREEDY, seed: 0, maxTokens };
}

function waitAfter(loadedForMs: number): number {
  return Math.max(SHORTEST_WAIT_MS, loadedForMs * SHARE_OF_LOADING);
}

function asKeptSlot(thrown: unknown, limitMs: number): EngineError {
  const error = asEngineError(thrown);
  if (error.reason !== 'limit') return error;
  const message = `the engine did not give a slot back within ${limitMs} ms of a cancel`;
  return new EngineError('reset', message, { reason: 'slot_stuck' });
}

/** A probe that fails or hangs while the engine loads says nothing yet: the load limit decides. */
function asLoading(): { readonly state: 'loading' } {
  return { state: 'loading' };
}

function tookTooLong(loadMs: number): EngineError {
  const message = `the engine was not ready within ${loadMs} ms; raise timeouts.load_ms of the pool`;
  return new EngineError('timeout', message, { reason: 'load_timeout' });
}
