import { type Pool } from '../pool.js';
import { type Replica } from '../replica.js';
import { type UnloadReason } from './telemetry.js';
import { type Wish } from './wish.js';

export interface Leaving {
  readonly reason: UnloadReason;
  /** Whom it gives way to. */
  readonly wish?: Wish;
  unloading: boolean;
}

/** What is kept of a replica that loads on demand. Times in ms of the monotonic clock. */
export class Occupant {
  /** Its memory is claimed. */
  holds = false;
  loadingSince = 0;
  /** Undefined until it is loaded. */
  readyAt: number | undefined;
  /** When its pool last had a task. */
  usedAt = 0;
  leaving: Leaving | undefined;
  /** A further replica that found no room is not woken before this. */
  restsUntil = 0;
  private working = false;

  constructor(
    readonly pool: Pool,
    readonly replica: Replica,
  ) {}

  /** Notes whether it has work now; nobody tells of the moment in which it had none any more. */
  note(hasWork: boolean, now: number): void {
    if (hasWork || this.working) this.usedAt = now;
    this.working = hasWork;
  }

  /** A replica that was started before it belonged to the pool is found ready; one that sleeps has nothing. */
  adopt(now: number): void {
    if (this.replica.state === 'unloaded') this.holds = false;
    if (!this.replica.ready || this.holds) return;
    this.movedIn(now);
    this.loaded(now);
  }

  movedIn(at: number): void {
    this.holds = true;
    this.readyAt = undefined;
    this.loadingSince = at;
  }

  loaded(now: number): void {
    this.readyAt = this.usedAt = now;
  }
}
