import { type EngineError } from '@llama-orch/plugin-sdk';
import { type Pool } from './pool.js';
import { type Replica } from './replica.js';

/** What those above are told about replicas. Each is called in the turn in which it happened. */
export interface PoolListener {
  replicaReady(pool: Pool, replica: Replica): void;
  /** What is known of the free memory of its devices has changed. Default: nobody looks at it. */
  memoryChanged?(pool: Pool, replica: Replica): void;
  /** The replica takes no work until it is ready again. */
  replicaLost(pool: Pool, replica: Replica): void;
  /** A start of it came to nothing, or it was lost; it is started again by itself. */
  replicaFailed?(pool: Pool, replica: Replica, failure: EngineError): void;
  /** No replica of the pool will come back by itself soon. */
  poolFailed(pool: Pool): void;
}
