import { AssertionError } from 'node:assert/strict';

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

/** The value of `promise`, or a failed check when it takes longer than `ms`. */
export async function within<Value>(promise: Promise<Value>, ms: number, sentence: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new AssertionError({ message: `${sentence} (waited ${ms} ms)` })), ms);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until `condition` holds; false when it did not within `ms`. */
export async function eventually(condition: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  const until = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() >= until) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
}

function compare({ actual, expected }: { actual: unknown; expected: unknown }): string {
  return `  got:      ${show(actual)}\n  expected: ${show(expected)}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 400 ? text : `${text.slice(0, 400)}…`;
}
