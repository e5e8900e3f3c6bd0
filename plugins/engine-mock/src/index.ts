import { defineEngineAdapter } from '@llama-orch/plugin-sdk';
import { MockConnection } from './connection.js';
import { Faults } from './faults.js';
import { optionsSchema } from './options.js';

export { MockConnection } from './connection.js';
export { type MockOptions } from './options.js';

/** A deterministic engine without a model, for tests: its tokens mean nothing and its faults come on request. */
export default defineEngineAdapter({
  id: 'mock',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: optionsSchema,
  create: (options) => {
    const faults = new Faults(options.fail);
    return { connect: async (endpoint) => new MockConnection(endpoint, options, faults) };
  },
});
