// @ts-check
import { setTimeout as pause } from 'node:timers/promises';
import { defineEngineAdapter, EngineError, z } from '@llama-orch/plugin-sdk';

/** @import { EngineAdapter, EngineConnection, EngineEndpoint, EnginePrompt, GenerateRequest } from '@llama-orch/plugin-sdk' */

/** Contexts are bounded, also where the operator names no bound. */
const CONTEXT_TOKENS = 8_192;

/** What operators may write under `options`. Strict: a misspelt option is refused. */
const options = z.strictObject({
  word_ms: z.number().int().min(0).max(10_000).default(0).describe('Time that each word takes.'),
});

/**
 * One replica. It is ready at once, and its state is whether it was closed.
 * @param {EngineEndpoint} endpoint
 * @param {z.output<typeof options>} options
 * @returns {EngineConnection}
 */
function connect({ slots, contextTokens = CONTEXT_TOKENS }, { word_ms: wordMs }) {
  // Ends the pauses of all answers that run, so that close leaves no timer behind.
  const closing = new AbortController();

  return {
    async health() {
      return closing.signal.aborted ? { state: 'failed', reason: 'it was closed' } : { state: 'ready' };
    },

    async describe() {
      return {
        engineVersion: 'echo-1',
        slots, // as many as the pool asked for: an answer costs next to nothing
        contextTokens,
        workloads: ['completion'],
        determinism: 'exact', // an answer depends on its prompt alone
        seedBits: 32,
        features: { params: ['temperature', 'top_p', 'top_k'], chat: true },
      };
    },

    async countTokens(prompt) {
      return wordsOf(prompt).length;
    },

    async *generate(request, signal) {
      const words = wordsOf(request.prompt);
      refuseWhatItCannot(request, words.length, contextTokens);
      const length = lengthOf(words, request.maxTokens);
      const over = AbortSignal.any([signal, closing.signal]);
      for (let at = 0; at <= length; at++) {
        // After every wait: an aborted task gets nothing more, and the loss of the engine is an error.
        await pause(wordMs, undefined, { signal: over }).catch(() => undefined);
        if (signal.aborted) return;
        if (closing.signal.aborted)
          throw new EngineError('reset', 'The engine was closed.', { reason: 'engine_closed' });
        if (at < length) yield [{ type: 'token', text: `${words[at % words.length]} ` }];
      }
      const usage = { promptTokens: words.length, completionTokens: length, exact: true };
      const finish = length === request.maxTokens ? 'length' : 'stop';
      yield [{ type: 'end', finish, engineFinish: finish, usage }];
    },

    async close() {
      closing.abort();
    },
  };
}

/**
 * A word is a token. Of a conversation, the newest message is echoed.
 * @param {EnginePrompt} prompt
 */
function wordsOf(prompt) {
  const text = prompt.type === 'text' ? prompt.text : (prompt.messages.at(-1)?.content ?? '');
  return text.split(/\s+/u).filter((word) => word !== '');
}

/**
 * Refusals come before the first token. A message reaches the caller: it says what to do, and holds no prompt.
 * @param {GenerateRequest} request
 * @param {number} promptTokens
 * @param {number} contextTokens
 */
function refuseWhatItCannot({ jsonSchema }, promptTokens, contextTokens) {
  if (jsonSchema !== undefined)
    throw new EngineError('invalid-input', 'An echo keeps no schema; leave it out.', { reason: 'not_supported' });
  if (promptTokens < contextTokens) return;
  const message = `The prompt has ${promptTokens} tokens, the context ${contextTokens}; shorten the prompt.`;
  throw new EngineError('invalid-input', message, { reason: 'context_overflow' });
}

/**
 * Words of the answer; a prompt that says "forever" is echoed until the limit.
 * @param {readonly string[]} words
 * @param {number} maxTokens
 */
function lengthOf(words, maxTokens) {
  return words.includes('forever') ? maxTokens : Math.min(maxTokens, words.length);
}

export default defineEngineAdapter({
  id: 'echo',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options,
  /** @returns {EngineAdapter} */
  create: (parsed) => ({ connect: async (endpoint) => connect(endpoint, parsed) }),
});
