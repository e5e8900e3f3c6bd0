import { EngineError } from '@llama-orch/plugin-sdk';
import { type Clock } from '../kernel/clock.js';

/** Without a reason of its own each abort would make an error with a stack. */
const SETTLED = 'settled';

/** Runs a call under a time limit; the call's signal is aborted when the limit passes or `stop` is. @throws EngineError `timeout` */
export async function bounded<Value>(
  call: (signal: AbortSignal) => Promise<Value>,
  limitMs: number,
  clock: Clock,
  stop: AbortSignal,
): Promise<Value> {
  const limit = new AbortController();
  const settled = new AbortController();
  const late = new Promise<never>((_, reject) => {
    const fail = (message: string) => reject(new EngineError('timeout', message, { reason: 'limit' }));
    const cancelTimer = clock.schedule(limitMs, () => {
      limit.abort();
      fail(`the engine did not answer within ${limitMs} ms`);
    });
    settled.signal.addEventListener('abort', cancelTimer, { once: true });
    stop.addEventListener('abort', () => fail('the wait was called off'), { once: true, signal: settled.signal });
  });
  try {
    stop.throwIfAborted();
    return await Promise.race([call(AbortSignal.any([limit.signal, stop])), late]);
  } finally {
    settled.abort(SETTLED);
  }
}

/** Lets time pass; returns early when `stop` is aborted. */
export function pause(ms: number, clock: Clock, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve();
    const done = () => {
      cancelTimer();
      stop.removeEventListener('abort', done);
      resolve();
    };
    const cancelTimer = clock.schedule(ms, done);
    stop.addEventListener('abort', done, { once: true });
  });
}

/** Waits for as long as it takes. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
