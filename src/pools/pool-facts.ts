import { type LogFields } from '../observability/logger.js';
import { type Pool } from './pool.js';

/** What every log line about a pool as a whole carries, as far as it is known. */
export function poolFacts(pool: Pool): LogFields {
  const { description, replicas } = pool;
  return {
    pool_id: pool.id,
    engine: pool.engine,
    engine_version: description?.engineVersion,
    model_id: pool.model.id,
    model_digest: description?.modelDigest,
    device_mask: [...new Set(replicas.flatMap(({ devices }) => devices))],
    restart_count: replicas.reduce((sum, { restartCount }) => sum + restartCount, 0),
    last_error: pool.lastError?.message,
    cpu: pool.cpu,
  };
}
