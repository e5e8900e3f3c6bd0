import { type EngineEndpoint } from '@llama-orch/plugin-sdk';
import { type PoolConfig } from '../../config/index.js';
import { poolModel } from '../model-ref.js';
import { type Pool } from '../pool.js';
import { type Load } from './footprints.js';

/** What a start loads, as far as its footprint depends on it. */
export function loadOf({ config }: Pool, endpoint: EngineEndpoint): Load {
  const { ref, path } = endpoint.model;
  return {
    engine: config.engine,
    modelRef: ref,
    path,
    slots: endpoint.slots,
    contextTokens: endpoint.contextTokens,
    // Declared of the configured model: another one that is reloaded in its place has its own size.
    declaredGib: ref === config.model ? config.footprint_gib : undefined,
  };
}

/** What every replica of a pool loads, as it is configured. */
export function configuredLoad(config: PoolConfig): Load {
  const { ref, path } = poolModel(config.model);
  const { engine, slots, ctx: contextTokens, footprint_gib: declaredGib } = config;
  return { engine, modelRef: ref, path, slots, contextTokens, declaredGib };
}
