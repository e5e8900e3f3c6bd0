import { type EngineConnection } from '@llama-orch/plugin-sdk';
import { closing } from '../../../../test/support/engine-runs.js';
import {
  startFakeLlamaServer,
  type FakeLlamaOptions,
  type FakeLlamaServer,
} from '../../../../test/support/fake-llama-server/fake-llama-server.js';
import plugin, { llamaCppOptions } from '../../src/index.js';

export * from '../../../../test/support/engine-runs.js';

export interface Connected {
  readonly connection: EngineConnection;
  readonly logs: readonly string[];
}

/** Connects the adapter to a fake server of its own. */
export async function start(
  server: FakeLlamaOptions = {},
  options: object = {},
  changes: object = {},
): Promise<Connected & { readonly fake: FakeLlamaServer }> {
  const fake = closing(await startFakeLlamaServer(server));
  return { fake, ...(await connectTo(fake.url, options, changes)) };
}

/** Connects the adapter to whatever listens at `url`. */
export async function connectTo(url: string, options: object = {}, changes: object = {}): Promise<Connected> {
  const logs: string[] = [];
  const adapter = await plugin.create(llamaCppOptions.parse(options), { log: (_, message) => logs.push(message) });
  const model = { ref: 'tiny', id: 'tiny' };
  const endpoint = { poolId: 'pool', replicaId: 'replica', url, model, slots: 4, loadTimeoutMs: 1_000, ...changes };
  return { connection: closing(await adapter.connect(endpoint)), logs };
}
