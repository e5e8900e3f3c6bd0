import { type EngineConnection } from '@llama-orch/plugin-sdk';
import { closing } from '../../../../test/support/engine-runs.js';
import { type FakeEngine } from '../../../../test/support/fake-engines/fake-engine.js';
import { type FakeTgiOptions, startFakeTgi } from '../../../../test/support/fake-engines/tgi.js';
import plugin, { tgiOptions } from '../../src/index.js';

export * from '../../../../test/support/engine-runs.js';

export interface Connected {
  readonly connection: EngineConnection;
  readonly logs: readonly string[];
}

/** Connects the adapter to a fake TGI of its own. */
export async function start(
  server: FakeTgiOptions = {},
  options: object = {},
  changes: object = {},
): Promise<Connected & { readonly fake: FakeEngine }> {
  const fake = closing(await startFakeTgi(server));
  return { fake, ...(await connectTo(fake.url, options, changes)) };
}

/** Connects the adapter to whatever listens at `url`. */
export async function connectTo(url: string, options: object = {}, changes: object = {}): Promise<Connected> {
  const logs: string[] = [];
  const adapter = await plugin.create(tgiOptions.parse(options), { log: (_, message) => logs.push(message) });
  const model = { ref: 'tiny', id: 'tiny' };
  const endpoint = { poolId: 'pool', replicaId: 'replica', url, model, slots: 4, loadTimeoutMs: 60_000, ...changes };
  return { connection: closing(await adapter.connect(endpoint)), logs };
}
