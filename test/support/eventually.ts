import { setTimeout as pause } from 'node:timers/promises';

const EVERY_MS = 5;

/** Tries again until the check passes. @throws what it threw last, when the time is over */
export async function eventually<Value>(check: () => Value | Promise<Value>, withinMs = 30_000): Promise<Value> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await pause(EVERY_MS);
  }
}
