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
 * Calls `act` once this process has had so many milliseconds; what is no number is over at once. They are waited for in
 * steps: a process that stood still has spent one step and not the whole limit, and what arrived meanwhile is read before
 * it is given up, after the last step as well.
 */
export function whenSpent(ms: number, act: () => void, { ref = true } = {}): Countdown {
  const { steps, stepMs } = stepsOf(ms > 0 ? Math.min(ms, MAX_TIMER_MS) : 0);
  let left = steps;
  let turn: NodeJS.Immediate | undefined;
  const step = (): void => {
    left -= 1;
    // Due timers run before the sockets are read. Never without `ref`, or it waits for the next event: the process may be idle.
    if (left === 0) turn = setImmediate(endOrGoOn);
    else timer.refresh();
  };
  // What was read may have been a reason to restart.
  const endOrGoOn = (): void => void (left === 0 ? act() : timer.refresh());
  const timer = setTimeout(step, stepMs);
  if (!ref) timer.unref();
  return {
    cancel: () => {
      clearTimeout(timer);
      clearImmediate(turn);
    },
    // The step that is under way has passed in part.
    restart: () => (left = steps + 1),
  };
}

/** Whole milliseconds, as Node cuts off what is behind the point: rounded up, a limit is never early. */
function stepsOf(ms: number): { steps: number; stepMs: number } {
  const steps = Math.max(1, Math.min(MOST_STEPS, Math.floor(ms / SHORTEST_STEP_MS)));
  return { steps, stepMs: Math.ceil(ms / steps) };
}
