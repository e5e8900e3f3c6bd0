import { type Capabilities } from '@llama-orch/client';
import { type Pool } from '../pools/pool.js';

/** Models that load when a task asks for them; the member is left out without any. */
export function onDemandModels(pools: readonly Pool[]): Pick<Capabilities, 'on_demand'> {
  const waiting = pools.filter((pool) => !pool.config.preload && !pool.ready && pool.takesTasks);
  if (waiting.length === 0) return {};
  return {
    on_demand: waiting.map(({ config, engine, id, model }) => ({
      pool_id: id,
      engine,
      model_id: model.id,
      labels: config.labels,
    })),
  };
}
