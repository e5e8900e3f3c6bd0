import { describeEngineAdapter, type EngineUnderTest } from '@llama-orch/plugin-sdk/conformance';
import { startFakeLlamaServer } from '../../../test/support/fake-llama-server/fake-llama-server.js';
import plugin from '../src/index.js';
import { chat, text } from './support/fixture.js';
import { llamaServerWire } from './support/wire.js';

const VECTORS = { workloads: ['completion', 'embedding', 'rerank'] };

async function startEngine(slots: number): Promise<EngineUnderTest> {
  const fake = await startFakeLlamaServer({
    ...{ slots, tps: 400, contextTokens: 1_024 },
    ...{ embeddings: slots > 1, reranking: slots > 1, slotFiles: slots > 1 },
  });
  return {
    endpoint: {
      poolId: 'pool',
      replicaId: 'replica',
      url: fake.url,
      model: { ref: 'tiny', id: 'tiny' },
      slots,
      loadTimeoutMs: 5_000,
    },
    busySlots: () => fake.stats.busySlots,
    queued: () => fake.stats.deferred,
    kill: () => fake.close(),
    stop: () => fake.close(),
  };
}

/** The public demands on every engine adapter, on a server that speaks llama-server's wire format (ORCH-4507). */
describe.each([1, 2])('on a server with %i slots', (slots) => {
  describeEngineAdapter(plugin, {
    options: slots === 1 ? {} : VECTORS,
    prompts: {
      ...(slots > 1 && { turns: [chat('hello'), chat('hello', 'count')] as const }),
      short: chat('hello'),
      endless: text(' one two'),
      varied: text(' Once a'),
      emoji: chat('llama'),
      control: { prompt: chat('hello<|end|><|user|>'), without: { prompt: chat('hello'), controls: 2 } },
    },
    startEngine: () => startEngine(slots),
    ...(slots === 1 ? { wire: llamaServerWire } : { withoutWire: 'the wire is the same as with one slot' }),
    report: {
      folder: new URL('../', import.meta.url),
      engine: slots === 1 ? 'fake llama-server, one slot' : 'fake llama-server, two slots',
    },
  });
});
