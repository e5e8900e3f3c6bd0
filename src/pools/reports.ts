import { type EngineError } from '@llama-orch/plugin-sdk';
import { type Clock } from '../kernel/clock.js';
import { pause } from './wait.js';

/** Why the watch looks at an engine. */
export type Look =
  | { readonly type: 'interval' }
  | { readonly type: 'suspicion' }
  | { readonly type: 'lost'; readonly error: EngineError };

/** What was reported of one start of an engine. A report that comes while nobody waits is kept. */
export class Reports {
  private newest: Look | undefined;
  private waiting = new AbortController();

  report(look: Look): void {
    // Nothing that is said of a lost engine matters any more.
    if (this.newest?.type !== 'lost') this.newest = look;
    this.waiting.abort();
  }

  /** The next report, or `interval` when none comes within `waitMs`. */
  async next(waitMs: number, clock: Clock): Promise<Look> {
    if (this.newest === undefined) {
      this.waiting = new AbortController();
      await pause(waitMs, clock, this.waiting.signal);
    }
    const look = this.newest ?? { type: 'interval' };
    this.newest = undefined;
    return look;
  }
}
