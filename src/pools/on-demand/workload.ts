import { type PoolId, type ReplicaId } from '../../kernel/ids.js';
import { type LoadEstimate } from './load-times.js';

/** What is to be done, as those above the pools know it. */
export interface Workload {
  /** Tasks that wait for the pool. */
  waitingIn(poolId: PoolId): number;
  /** Slots of a replica that are in use. */
  busySlotsOf(poolId: PoolId, replicaId: ReplicaId): number;
  /** Milliseconds until all that runs in the pool now has ended, most likely. */
  doneInMs(poolId: PoolId): number;
}

/** Slots that will be there, and when. Milliseconds from now. */
export interface Coming extends LoadEstimate {
  readonly slots: number;
}
