/** Ends a scheduled call; harmless when it already ran. */
export type CancelTimer = () => void;

/** The only reader of time. A port, so that tests and simulations own it. */
export abstract class Clock {
  /** Unix epoch in milliseconds, for people and the wire. */
  abstract epochMs(): number;
  /** Milliseconds that never run backwards; a jump of the wall clock does not change them. */
  abstract now(): number;
  /** Calls `run` once after `delayMs`. Does not keep the process alive. */
  abstract schedule(delayMs: number, run: () => void): CancelTimer;
}

const LONGEST_TIMER_MS = 2_147_483_647;

export class SystemClock extends Clock {
  override epochMs(): number {
    return Date.now();
  }

  override now(): number {
    return performance.now();
  }

  override schedule(delayMs: number, run: () => void): CancelTimer {
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS)).unref();
    return () => clearTimeout(timer);
  }
}
