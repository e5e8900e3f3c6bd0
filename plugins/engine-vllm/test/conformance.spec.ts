import { describeEngineAdapter, type EngineUnderTest } from '@llama-orch/plugin-sdk/conformance';
import { startFakeVllm } from '../../../test/support/fake-engines/vllm.js';
import plugin from '../src/index.js';
import { chat, text } from './support/fixture.js';
import { chatWire, textWire } from './support/wire.js';

async function startEngine(): Promise<EngineUnderTest> {
  const fake = await startFakeVllm({ slots: 2, tps: 400, contextTokens: 1_024 });
  return {
    endpoint: {
      poolId: 'pool',
      replicaId: 'replica',
      url: fake.url,
      model: { ref: 'tiny', id: 'tiny' },
      slots: 2,
      loadTimeoutMs: 5_000,
    },
    busySlots: () => fake.stats.busySlots,
    queued: () => fake.stats.deferred,
    kill: () => fake.close(),
    stop: () => fake.close(),
  };
}

const LONG = 'a cat and a dog and another cat and another dog';
const turns = [chat(`hello ${LONG}`), chat(`hello ${LONG}`, 'count')] as const;
const prompts = {
  turns,
  short: chat('hello'),
  endless: text(' one two'),
  varied: text(' Once a'),
  emoji: chat('llama'),
};

/** The public demands on every engine adapter, on a server that speaks vLLM's wire (ORCH-4507). */
describe.each([
  ['text', { batch_invariant: true }, textWire],
  ['chat, vectors and scores', { workloads: ['completion', 'embedding', 'rerank'] }, chatWire],
])('on a server for %s', (served, options, wire) => {
  const report = { folder: new URL('../', import.meta.url), engine: `fake server, ${served}` };
  describeEngineAdapter(plugin, { options, prompts, startEngine, wire, report });
});
