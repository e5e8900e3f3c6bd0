import { type PriorityClass, type QueueItem, type QueueShare } from '@llama-orch/plugin-sdk';

/** What has faded below this part of its weight is forgotten. */
const FORGOTTEN = 1e-6;

interface Taken {
  readonly tenantId: string;
  readonly priority: PriorityClass;
  readonly tokens: number;
  /** Number of the dispatch that `tokens` were true at. */
  readonly at: number;
}

/**
 * Who took how many tokens lately: each dispatch lets all earlier ones fade by the factor `1 - alpha`.
 * Only the flow that was served is touched, and faded ones are dropped, so the cost does not grow with tenants.
 */
export class RecentShares {
  /** In the order of the last dispatch. */
  readonly #taken = new Map<string, Taken>();
  /** What is left after so many dispatches; multiplied out, since `Math.pow` differs between engines. */
  readonly #left: readonly number[];
  #dispatches = 0;

  constructor(alpha: number) {
    const left = [1];
    for (let factor = 1 - alpha; factor > FORGOTTEN; factor *= 1 - alpha) left.push(factor);
    this.#left = left;
  }

  record(item: QueueItem, tokens: number): void {
    const { tenantId = '', priority } = item;
    const key = `${priority} ${tenantId}`;
    this.#dispatches++;
    const before = this.#taken.get(key);
    this.#taken.delete(key);
    const sum = tokens + (before === undefined ? 0 : this.#faded(before));
    this.#taken.set(key, { tenantId, priority, tokens: sum, at: this.#dispatches });
    this.#forget();
  }

  get shares(): readonly QueueShare[] {
    const recent = [...this.#taken.values()];
    const all = recent.reduce((sum, taken) => sum + this.#faded(taken), 0);
    return recent.map((taken) => ({
      tenantId: taken.tenantId,
      priority: taken.priority,
      share: this.#faded(taken) / all,
    }));
  }

  #faded({ tokens, at }: Taken): number {
    return tokens * (this.#left[this.#dispatches - at] ?? 0);
  }

  #forget(): void {
    for (const [key, { at }] of this.#taken) {
      if (this.#dispatches - at < this.#left.length) return;
      this.#taken.delete(key);
    }
  }
}
