import { type EngineConnection } from '@llama-orch/plugin-sdk';
import { closing } from '../../../../test/support/engine-runs.js';
import { type FakeEngine } from '../../../../test/support/fake-engines/fake-engine.js';
import { type FakeTritonOptions, startFakeTriton } from '../../../../test/support/fake-engines/triton.js';
import plugin, { tritonOptions } from '../../src/index.js';

export * from '../../../../test/support/engine-runs.js';

export interface Connected {
  readonly connection: EngineConnection;
  readonly logs: readonly string[];
}

/** Connects the adapter to a fake Triton of its own. */
export async function start(
  server: FakeTritonOptions = {},
  options: object = {},
  changes: object = {},
): Promise<Connected & { readonly fake: FakeEngine }> {
  const fake = closing(await startFakeTriton(server));
  return { fake, ...(await connectTo(fake.url, { metrics_url: '/metrics', ...options }, changes)) };
}

/** Connects the adapter to whatever listens at `url`. */
export async function connectTo(url: string, options: object = {}, changes: object = {}): Promise<Connected> {
  const logs: string[] = [];
  const adapter = await plugin.create(tritonOptions.parse(options), { log: (_, message) => logs.push(message) });
  const model = { ref: 'tiny', id: 'tiny' };
  const endpoint = { poolId: 'pool', replicaId: 'replica', url, model, slots: 4, loadTimeoutMs: 60_000, ...changes };
  return { connection: closing(await adapter.connect(endpoint)), logs };
}
