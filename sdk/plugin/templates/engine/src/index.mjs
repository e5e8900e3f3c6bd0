// @ts-check
import { defineEngineAdapter, EngineError, z } from '@llama-orch/plugin-sdk';

/** @import { EngineConnection, EngineEndpoint } from '@llama-orch/plugin-sdk' */

/** What operators may write under `options`. Strict: a misspelt option is refused. */
const options = z.strictObject({});

/**
 * One replica of the engine. `node --test` says what to write next; it asks in the order of the members.
 * @param {EngineEndpoint} endpoint
 * @returns {Promise<EngineConnection>}
 */
async function connect(endpoint) {
  return {
    async health() {
      throw step(
        1,
        `health: ask the engine whether its model is loaded, and return { state: 'ready' } or { state: 'loading' }. ` +
          `An engine behind HTTP is at endpoint.url (${endpoint.url ?? 'set ACME_URL for the test'})`,
      );
    },
    async describe() {
      throw step(
        2,
        'describe: return the facts of the loaded engine: engineVersion, slots, contextTokens, workloads, determinism, ' +
          'seedBits, features',
      );
    },
    async *generate() {
      throw step(
        3,
        `generate: send request.prompt, yield [{ type: 'token', text }] for each piece that comes, and at last one ` +
          `[{ type: 'end', finish, engineFinish, usage }]`,
      );
    },
    async close() {},
  };
}

/**
 * Goes away together with the last step.
 * @param {number} number
 * @param {string} what
 */
function step(number, what) {
  return new EngineError('adapter', `Step ${number} of 3, in src/index.mjs: write ${what}.`);
}

export default defineEngineAdapter({
  id: 'acme',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options,
  create: () => ({ connect }),
});
