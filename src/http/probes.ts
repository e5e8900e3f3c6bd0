import { type Clock } from '../kernel/clock.js';

/** One thing a probe looked at. `word` is what a caller without a key may know of its failure. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly word?: string;
}

const TURN_MS = 1_000;
const STUCK_MS = 10_000;

/** Whether the process is alive and takes tasks. Neither needs a loaded model. */
export class Probes {
  private draining = false;
  private turnedAt: number;

  /** @param storeTakesWrites tells how the last write went; @param auditTakesWrites the same of the audit */
  constructor(
    private readonly clock: Clock,
    private readonly storeTakesWrites: () => boolean,
    private readonly auditTakesWrites: () => boolean,
  ) {
    this.turnedAt = clock.now();
    this.turn();
  }

  /** From now on the process is not ready. */
  drain(): void {
    this.draining = true;
  }

  live(): readonly Check[] {
    return [{ name: 'event-loop', ok: this.clock.now() - this.turnedAt < STUCK_MS }];
  }

  ready(): readonly Check[] {
    return [
      { name: 'config', ok: true },
      { name: 'store', ok: this.storeTakesWrites(), word: 'store' },
      { name: 'audit', ok: this.auditTakesWrites(), word: 'audit' },
      { name: 'accepting', ok: !this.draining, word: 'draining' },
    ];
  }

  private turn(): void {
    this.turnedAt = this.clock.now();
    this.clock.schedule(TURN_MS, () => this.turn());
  }
}
