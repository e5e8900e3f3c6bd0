import { AssertionError } from 'node:assert/strict';
import { ChargedTime } from './charged-time.js';

const LOOK_MS = 5;

/** Fails a check with a sentence that says what is wrong and what to do. */
export function demand(
  condition: boolean,
  sentence: string,
  seen?: { actual: unknown; expected: unknown },
): asserts condition {
  if (condition) return;
  throw new AssertionError({ message: seen ? `${sentence}\n${compare(seen)}` : sentence, ...seen });
}

/** Whether a check failed, as against what it examines. By name: test frameworks have an `Error` of their own. */
export function isFailedCheck(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'AssertionError';
}

/** The value of `promise`, or a failed check when it takes longer than `ms`. A machine that stands still does not count. */
export async function within<Value>(promise: Promise<Value>, ms: number, sentence: string): Promise<Value> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(new AssertionError({ message: `${sentence} (waited ${ms} ms)` }));
  const time = new ChargedTime((spentMs) => {
    // What arrived meanwhile is read first.
    if (spentMs >= ms) setImmediate(giveUp);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    time.stop();
  }
}

/** Waits until `condition` holds; false when it did not within `ms`. A machine that stands still does not count. */
export async function eventually(condition: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  const time = new ChargedTime();
  try {
    while (!(await condition())) {
      if (time.ms >= ms) return false;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return true;
  } finally {
    time.stop();
  }
}

/** Counts whole milliseconds until the returned function is called. A machine that stands still does not count. */
export function countMs(): () => number {
  const time = new ChargedTime();
  return () => {
    time.stop();
    return Math.round(time.ms);
  };
}

function compare({ actual, expected }: { actual: unknown; expected: unknown }): string {
  return `  got:      ${show(actual)}\n  expected: ${show(expected)}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 400 ? text : `${text.slice(0, 400)}…`;
}
