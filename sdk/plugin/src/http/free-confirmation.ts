import { setTimeout as delay } from 'node:timers/promises';
import { whenSpent } from './own-time.js';

const LIMIT_MS = 1_000;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 80;

/** Asks the engine how many requests it works on; undefined when it does not tell. Never rejects. */
export type CountBusy = (timeoutMs: number) => Promise<number | undefined>;

/**
 * Confirms after a cancel that the engine has let go, by its own count of busy slots: no engine tells which slot a stream
 * had. However many wait, one question is on its way and at most one more is due: each waiter takes the answer to a
 * question that was asked after its cancel.
 */
export class FreeConfirmation {
  #asking: Promise<unknown> = Promise.resolve();
  #due: Promise<number | undefined> | undefined;

  constructor(
    private readonly countBusy: CountBusy,
    private readonly othersRunning: () => number,
  ) {}

  /** Asks until no more slots work than this connection's other generations need, or a second is over. */
  async untilFree(): Promise<'free' | 'busy' | 'unknown'> {
    // An overloaded engine may take longer to answer than the confirmation may take in all.
    const { promise: late, resolve } = Promise.withResolvers<'late'>();
    const limit = whenSpent(LIMIT_MS, () => resolve('late'), { ref: false });
    try {
      return await this.#freeBefore(late);
    } finally {
      limit.cancel();
    }
  }

  async #freeBefore(late: Promise<'late'>): Promise<'free' | 'busy' | 'unknown'> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const busy = await Promise.race([this.#busy(), late]);
      if (busy === 'late') return 'busy';
      if (busy === undefined) return 'unknown';
      if (busy <= this.othersRunning()) return 'free';
      if ((await Promise.race([delay(pauseMs), late])) === 'late') return 'busy';
    }
  }

  #busy(): Promise<number | undefined> {
    this.#due ??= this.#asking.then(() => {
      this.#due = undefined;
      const asked = this.countBusy(LIMIT_MS);
      this.#asking = asked;
      return asked;
    });
    return this.#due;
  }
}
