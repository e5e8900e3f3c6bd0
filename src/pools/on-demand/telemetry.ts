import { type Logger } from '../../observability/logger.js';
import { type Metrics } from '../../observability/metrics.js';
import { type Pool } from '../pool.js';
import { type Replica } from '../replica.js';

/**
 * Why a model left memory. `idle`: nobody asked for it; `swap`: another one needs its place; `unwanted`: those who
 * waited for it are gone; `no_room`: a further replica that only free memory may have.
 */
export type UnloadReason = 'idle' | 'swap' | 'unwanted' | 'no_room';

/** Counts and tells of models that come and go. Its series are there from its making on. */
export class OnDemandTelemetry {
  private readonly loads;
  private readonly unloads;

  constructor(
    metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.loads = metrics.counter('llama_orch_on_demand_loads_total', 'Models loaded on demand.', ['pool_id', 'reason']);
    this.unloads = metrics.counter('llama_orch_on_demand_unloads_total', 'Models unloaded to free memory.', [
      'pool_id',
      'reason',
    ]);
  }

  /** `waitedMs`: for memory; `forRoom` names those who gave way. */
  loaded(pool: Pool, replica: Replica, ms: number, waitedMs: number, forRoom: readonly string[]): void {
    const reason = forRoom.length > 0 ? 'swap' : 'demand';
    this.loads.inc({ pool_id: pool.id, reason });
    const how = forRoom.length > 0 ? `, in the place of ${forRoom.join(', ')}` : '';
    this.logger.info('model_loaded', `replica ${replica.id} loaded its model on demand in ${Math.round(ms)} ms${how}`, {
      ...fieldsOf(pool, replica),
      reason,
      load_ms: Math.round(ms),
      waited_ms: Math.round(waitedMs),
      in_place_of: forRoom,
    });
  }

  /** `wanted` names the replica that needs the room. */
  unloaded(pool: Pool, replica: Replica, reason: UnloadReason, wanted?: string): void {
    this.unloads.inc({ pool_id: pool.id, reason });
    const why = { ...WHY, swap: `replica ${wanted} needs its memory` }[reason];
    const fields = { ...fieldsOf(pool, replica), reason, ...(wanted === undefined ? {} : { wanted_by: wanted }) };
    this.logger.info('model_unloaded', `replica ${replica.id} unloaded its model: ${why}`, fields);
  }

  /** Nobody is asked to give way yet. */
  waits(pool: Pool, replica: Replica, victims: readonly string[], forMs: number): void {
    this.logger.info('model_waits', `replica ${replica.id} waits for the memory of ${victims.join(', ')}`, {
      ...fieldsOf(pool, replica),
      waits_for: victims,
      wait_ms: Math.round(forMs),
    });
  }
}

const WHY = {
  idle: 'no task asked for it',
  unwanted: 'those who waited for it are gone',
  no_room: 'there is no free memory for a further replica',
};

function fieldsOf(pool: Pool, replica: Replica): Readonly<Record<string, unknown>> {
  return { pool_id: pool.id, replica_id: replica.id, engine: pool.engine, model_id: pool.model.id };
}
