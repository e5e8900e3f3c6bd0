import { describeEngineAdapter, type EngineUnderTest } from '@llama-orch/plugin-sdk/conformance';
import { startFakeLlamaServer } from '../../../test/support/fake-llama-server/fake-llama-server.js';
import plugin from '../src/index.js';
import { chat, text } from './support/fixture.js';

async function startEngine(slots: number): Promise<EngineUnderTest> {
  const fake = await startFakeLlamaServer({ slots, tps: 400, contextTokens: 1_024 });
  return {
    endpoint: {
      poolId: 'pool',
      replicaId: 'replica',
      url: fake.url,
      model: { ref: 'model', id: 'model' },
      slots,
      loadTimeoutMs: 5_000,
    },
    busySlots: () => fake.stats.busySlots,
    kill: () => fake.close(),
    stop: () => fake.close(),
  };
}

/** The public demands on every engine adapter, on a server that speaks llama-server's wire format (ORCH-4507). */
describe.each([1, 2])('on a server with %i slots', (slots) => {
  describeEngineAdapter(plugin, {
    prompts: { short: chat('hello'), endless: text(' one two'), varied: text(' Once a'), emoji: chat('llama') },
    startEngine: () => startEngine(slots),
  });
});
