/** When a queue counts as overloaded. */
export interface OverloadRules {
  /** Share of its capacity from which on it is nearly full. */
  readonly share: number;
  /** How long it has to stay so. */
  readonly forMs: number;
}

export const USUAL_OVERLOAD: OverloadRules = { share: 0.9, forMs: 10_000 };

/** A queue at one moment, beside the rules for it. */
export interface QueueLoad {
  readonly waiting: number;
  readonly capacity: number;
  /** Time since which it has been nearly full without a break. */
  readonly fullForMs: number;
  readonly rules: OverloadRules;
}

export function isOverloaded({ waiting, capacity, fullForMs, rules }: QueueLoad): boolean {
  return isNearlyFull(waiting, capacity, rules) && fullForMs >= rules.forMs;
}

/** Tells a queue that stays nearly full from one that is full for a moment. */
export class Overload {
  private since: number | undefined;

  constructor(private readonly rules: OverloadRules = USUAL_OVERLOAD) {}

  /** Called whenever the queue may have changed; `now` in ms of the monotonic clock. */
  observe(size: number, capacity: number, now: number): void {
    if (!isNearlyFull(size, capacity, this.rules)) this.since = undefined;
    else this.since ??= now;
  }

  /** The load of a queue that stays nearly full; undefined of any other. */
  of(waiting: number, capacity: number, now: number): QueueLoad | undefined {
    if (this.since === undefined) return undefined;
    const load = { waiting, capacity, fullForMs: now - this.since, rules: this.rules };
    return isOverloaded(load) ? load : undefined;
  }
}

function isNearlyFull(size: number, capacity: number, { share }: OverloadRules): boolean {
  return size >= share * capacity;
}
