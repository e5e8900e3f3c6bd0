// @ts-check
import { after, before, describe, it } from 'node:test';
import { describeEngineAdapter, oneAtATime } from '@llama-orch/plugin-sdk/conformance';
import adapter from '../src/index.mjs';

/** @import { EngineFixture } from '@llama-orch/plugin-sdk/conformance' */

/** @type {EngineFixture} */
const fixture = {
  prompts: {
    // Its answer ends by itself within 64 tokens; that of the other one has more than 200.
    short: { type: 'text', text: 'Answer with one word: are you there?' },
    endless: { type: 'text', text: 'Count upwards from one, and never stop.' },
  },
  // Brings up what connect needs: an engine that runs, or a fake one. Called again by checks that end an engine.
  startEngine: () => ({
    endpoint: {
      poolId: 'pool',
      replicaId: 'replica',
      url: process.env.ACME_URL,
      model: { ref: 'acme', id: 'acme' },
      slots: 2,
      contextTokens: 512,
      loadTimeoutMs: 5_000,
    },
  }),
  // An engine behind HTTP needs `wire` as well: what it sends. The guide shows how.
  // Kept in CONFORMANCE.json and README.md when all checks pass.
  report: { folder: new URL('../', import.meta.url), engine: 'acme' },
};

// Without oneAtATime, all failures are shown at once.
describeEngineAdapter(adapter, fixture, oneAtATime({ describe, it, beforeAll: before, afterAll: after }));
