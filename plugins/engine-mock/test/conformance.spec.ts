import { type EnginePrompt } from '@llama-orch/plugin-sdk';
import { describeEngineAdapter, type EngineFixture } from '@llama-orch/plugin-sdk/conformance';
import mock, { type MockConnection } from '../src/index.js';

const text = (words: string): EnginePrompt => ({ type: 'text', text: words });

const folder = new URL('../', import.meta.url);
const fixture: EngineFixture = {
  prompts: {
    short: text('hello there'),
    endless: text('[[mock:tokens=100000]] count'),
    varied: { type: 'chat', messages: [{ role: 'user', content: '[[mock:tokens=40]] tell a story' }] },
    emoji: text('[[mock:emoji]] llama'),
  },
  withoutWire: 'the mock decodes inside the host; nothing goes over a wire',
  startEngine: () => ({
    endpoint: {
      poolId: 'pool',
      replicaId: 'replica',
      model: { ref: 'mock', id: 'mock' },
      slots: 4,
      contextTokens: 512,
      loadTimeoutMs: 5_000,
    },
    busySlots: (connection) => (connection as MockConnection).busySlots,
    kill: (connection) => (connection as MockConnection).die(),
  }),
};

describe('at full speed (ORCH-3058, ORCH-4507)', () => {
  describeEngineAdapter(mock, { ...fixture, report: { folder, engine: 'the mock at full speed' } });
});

describe('with delays and several tokens per read (ORCH-3058)', () => {
  const options = { first_token_ms: 2, token_ms: 1, load_ms: 20, batch_tokens: 3, seed_bits: 53 };
  describeEngineAdapter(mock, { ...fixture, options, report: { folder, engine: 'the mock with delays' } });
});
