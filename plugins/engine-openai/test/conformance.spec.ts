import { describeEngineAdapter, type EngineUnderTest } from '@llama-orch/plugin-sdk/conformance';
import { startFakeOpenAi } from '../../../test/support/fake-engines/openai.js';
import plugin from '../src/index.js';
import { chat, text } from './support/fixture.js';
import { chatWire, textWire } from './support/wire.js';

async function startEngine(): Promise<EngineUnderTest> {
  const fake = await startFakeOpenAi({ slots: 2, tps: 400, contextTokens: 1_024 });
  return {
    endpoint: {
      poolId: 'pool',
      replicaId: 'replica',
      url: `${fake.url}/v1`,
      model: { ref: 'tiny', id: 'tiny' },
      slots: 2,
      contextTokens: 1_024,
      loadTimeoutMs: 5_000,
    },
    busySlots: () => fake.stats.busySlots,
    queued: () => fake.stats.deferred,
    kill: () => fake.close(),
    stop: () => fake.close(),
  };
}

const prompts = { short: chat('hello'), endless: text(' one two'), varied: text(' Once a'), emoji: chat('llama') };

/** The public demands on every engine adapter, on a server with the routes of OpenAI (ORCH-4507). */
describe.each([
  ['chat, vectors and scores', { workloads: ['completion', 'embedding', 'rerank'] }, chatWire],
  ['text', { max_tokens_field: 'max_completion_tokens' }, textWire],
])('on a server for %s', (served, options, wire) => {
  const report = { folder: new URL('../', import.meta.url), engine: `fake server, ${served}` };
  describeEngineAdapter(plugin, { options, prompts, startEngine, wire, report });
});
