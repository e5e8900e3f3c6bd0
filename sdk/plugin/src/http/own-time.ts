const MOST_STEPS = 10;
const SHORTEST_STEP_MS = 5;
/** Timers of Node hold no more milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface Countdown {
  cancel(): void;
  /** All of the time is left again. */
  restart(): void;
}

/**
 * Calls `act` once this process has had so many milliseconds. They are waited for in steps: a process that stood still has
 * spent one step and not the whole limit, so that what arrived meanwhile is read before it is given up.
 */
export function whenSpent(ms: number, act: () => void, { ref = true } = {}): Countdown {
  const steps = Math.max(1, Math.min(MOST_STEPS, Math.floor(ms / SHORTEST_STEP_MS)));
  const stepMs = Math.min(ms, MAX_TIMER_MS) / steps;
  let left = steps;
  const step = (): void => {
    left -= 1;
    if (left === 0) act();
    else timer.refresh();
  };
  const timer = setTimeout(step, stepMs);
  if (!ref) timer.unref();
  return {
    cancel: () => clearTimeout(timer),
    // The step that is under way has passed in part.
    restart: () => (left = steps + 1),
  };
}
