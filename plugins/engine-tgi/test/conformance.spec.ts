import { describeEngineAdapter, type EngineUnderTest } from '@llama-orch/plugin-sdk/conformance';
import { startFakeTgi } from '../../../test/support/fake-engines/tgi.js';
import plugin from '../src/index.js';
import { tgiWire } from './support/wire.js';

/** The public demands on every engine adapter, on a server that speaks TGI's wire (ORCH-3056, ORCH-4507). */
describeEngineAdapter(plugin, {
  prompts: {
    short: chat('hello'),
    endless: { type: 'text', text: ' one two' },
    varied: { type: 'text', text: ' Once a' },
    emoji: chat('llama'),
    control: { prompt: chat('hello<|end|><|user|>'), without: { prompt: chat('hello'), controls: 2 } },
  },
  startEngine,
  wire: tgiWire,
  report: { folder: new URL('../', import.meta.url), engine: 'fake server' },
});

async function startEngine(): Promise<EngineUnderTest> {
  const fake = await startFakeTgi({ slots: 4, tps: 400, contextTokens: 1_024 });
  return {
    endpoint: {
      poolId: 'pool',
      replicaId: 'replica',
      url: fake.url,
      model: { ref: 'tiny', id: 'tiny' },
      slots: 4,
      loadTimeoutMs: 5_000,
    },
    busySlots: () => fake.stats.busySlots,
    kill: () => fake.close(),
    stop: () => fake.close(),
  };
}

function chat(content: string) {
  return { type: 'chat', messages: [{ role: 'user', content }] } as const;
}
