// A daemon in miniature: connects, tells the runner's process id, and waits to be killed.
import { setTimeout as pause } from 'node:timers/promises';

import plugin from '../../dist/index.js';

const signal = new AbortController().signal;
const adapter = await plugin.create(plugin.options.parse({}), { log: () => undefined });
const replica = await adapter.connect({
  poolId: 'pool',
  replicaId: 'replica',
  model: { ref: 'haiku-nano', id: 'haiku-nano' },
  slots: 1,
  loadTimeoutMs: 15_000,
});
while ((await replica.health(signal)).state === 'loading') await pause(5);
console.log(replica.runnerPid);
