import { type Pool } from './pool.js';
import { type Replica } from './replica.js';

/** What those above are told about replicas. Each is called in the turn in which it happened. */
export interface PoolListener {
  replicaReady(pool: Pool, replica: Replica): void;
  /** The replica takes no work until it is ready again. */
  replicaLost(pool: Pool, replica: Replica): void;
  /** No replica of the pool will come back by itself soon. */
  poolFailed(pool: Pool): void;
}
