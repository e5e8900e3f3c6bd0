import { type EngineConnection, type EngineDescription } from '@llama-orch/plugin-sdk';
import { parseConfig } from '../../src/config/index.js';
import { Pool } from '../../src/pools/pool.js';
import { DESCRIPTION, FakeAdapter } from './fake-engine.js';

export interface PoolFacts {
  /** Members as in a configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** What the engine said of itself; null: it has not answered yet. */
  readonly description?: Partial<EngineDescription> | null;
  readonly connection?: Partial<EngineConnection>;
}

/** A pool that nobody supervises: Ready, unless its engine has not answered. */
export function poolOf(id: string, { config = {}, description = {}, connection }: PoolFacts = {}): Pool {
  const facts = { id, engine: 'fake', model: 'm', ...config };
  const pool = new Pool(parseConfig({ pools: [facts] }).pools[0]!, new FakeAdapter());
  if (description === null) return pool;
  pool.description = { ...DESCRIPTION, ...description };
  for (const replica of pool.replicas) {
    replica.moveTo('preloading');
    replica.moveTo('ready');
    replica.description = pool.description;
    replica.connection = connection as EngineConnection | undefined;
  }
  return pool;
}
