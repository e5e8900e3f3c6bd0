import { type Clock } from '../../kernel/clock.js';

/** Resolves after so long. @throws the reason of the signal */
export async function wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leave = () => reject(signal.reason as Error);
  const cancel = clock.schedule(ms, resolve);
  signal.addEventListener('abort', leave, { once: true });
  try {
    await promise;
  } finally {
    cancel();
    signal.removeEventListener('abort', leave);
  }
}
