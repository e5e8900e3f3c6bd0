// @ts-check
import { after, before, describe, it } from 'node:test';
import { describeEngineAdapter } from '@llama-orch/plugin-sdk/conformance';
import adapter from '../src/index.mjs';

/** @import { EngineFixture } from '@llama-orch/plugin-sdk/conformance' */

/** @type {EngineFixture} */
const fixture = {
  prompts: {
    // Its answer ends by itself within 64 tokens; that of the other one has more than 200.
    short: { type: 'text', text: 'hello there' },
    endless: { type: 'text', text: 'go on forever and ever' },
    emoji: { type: 'chat', messages: [{ role: 'user', content: 'a llama 🦙 and a naïve 日本 frog' }] },
  },
  // The engine is inside the adapter, so there is nothing to bring up but the place where it is bound.
  startEngine: () => ({
    endpoint: {
      poolId: 'pool',
      replicaId: 'replica',
      model: { ref: 'echo', id: 'echo' },
      slots: 2,
      contextTokens: 512,
      loadTimeoutMs: 5_000,
    },
  }),
  withoutWire: 'the engine is inside the adapter; nothing goes over a wire',
  // Kept in CONFORMANCE.json and README.md when all checks pass.
  report: { folder: new URL('../', import.meta.url), engine: 'the echo' },
};

describeEngineAdapter(adapter, fixture, { describe, it, beforeAll: before, afterAll: after });
