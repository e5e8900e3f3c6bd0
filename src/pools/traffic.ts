import { type Served } from './generation.js';
import { type Pool } from './pool.js';
import { type Replica } from './replica.js';

/**
 * What a drain and a reload ask of the one who gives out slots. Whatever changes does so in the turn of the call.
 * `except` is a model that will serve: tasks that it can serve as well are left alone.
 */
export interface PoolTraffic {
  /** No slot is given out until the pool is opened; those who wait go on waiting. */
  hold(pool: Pool): void;
  open(pool: Pool): void;
  /** A replica that another model replaces takes no further task; what it has, it ends. */
  retire(pool: Pool, replica: Replica): void;
  /** Waiting tasks go to other pools of the replica set that have room, with the time since which they have waited. */
  moveAway(pool: Pool, except?: Served): void;
  waiting(pool: Pool, except?: Served): number;
  /** Slots of these replicas that are in use. */
  running(pool: Pool, replicas: readonly Replica[]): number;
  /** Settles in the turn in which the condition holds, or when `stop` is aborted; it never fails. */
  until(holds: () => boolean, stop: AbortSignal): Promise<void>;
  /** Ends waiting tasks with `POOL_UNAVAILABLE`; answers how many. */
  endWaiting(pool: Pool, message: string, except?: Served): number;
  /** Ends the tasks that run on these replicas with `POOL_UNAVAILABLE`; answers how many. */
  endRunning(pool: Pool, replicas: readonly Replica[], message: string): number;
  /** Measured tokens per second of one slot; undefined before the first measurement. */
  decodeRate(pool: Pool): number | undefined;
}
