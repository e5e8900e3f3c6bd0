import { InterruptedError } from './cli-errors.js';
import { type CliIo } from './io.js';

/**
 * Runs work that Ctrl-C can end. The first press asks `onFirst`, which answers true when it took care of it; any other
 * press aborts the signal, and the work fails with an InterruptedError.
 */
export async function interruptible<Result>(
  io: CliIo,
  onFirst: (signal: AbortSignal) => boolean,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const quit = new AbortController();
  let presses = 0;
  const stop = io.onInterrupt(() => {
    presses++;
    if (presses === 1 && onFirst(quit.signal)) return;
    quit.abort(new InterruptedError('interrupted'));
  });
  try {
    return await work(quit.signal);
  } finally {
    stop();
  }
}
