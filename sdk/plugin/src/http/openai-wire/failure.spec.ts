import { openAiFailure, openAiRefusal } from './failure.js';
import { errorBodyOf } from '../error-body.js';

const refused = (status: number, body: object | string): ReturnType<typeof openAiRefusal> =>
  openAiRefusal({ status, headers: {}, text: typeof body === 'string' ? body : JSON.stringify(body) });

describe('failures of OpenAI-style servers', () => {
  it.each<[string, string, number | undefined, number]>([
    [
      'vLLM',
      "This model's maximum context length is 4096 tokens. However, you requested 100 output tokens and your prompt contains at least 4097 input tokens, for a total of at least 4197 tokens.",
      ...([4_097, 4_096] as const),
    ],
    [
      'older vLLM and OpenAI',
      "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4900 in the messages, 100 in the completion).",
      ...([4_900, 4_096] as const),
    ],
    [
      'OpenAI',
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
      130_000,
      128_000,
    ],
    ['SGLang', "The input (5000 tokens) is longer than the model's context length (4096 tokens).", 5_000, 4_096],
    [
      'SGLang of another release',
      'Input length (5000 tokens) exceeds the maximum allowed length (4096 tokens).',
      5_000,
      4_096,
    ],
    [
      'llama-server',
      'request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it',
      5_000,
      4_096,
    ],
  ])('reads both numbers in the words of %s (ORCH-4507)', (_, message, promptTokens, contextTokens) => {
    const { code, reason, message: told } = refused(400, { error: { message, type: 'BadRequestError', code: 400 } });
    expect([code, reason]).toEqual(['invalid-input', 'context_overflow']);
    expect(told).toContain(`has ${promptTokens} tokens`);
    expect(told).toContain(`of ${contextTokens} tokens`);
  });

  it('knows the code of OpenAI without words about it (ORCH-4507)', () => {
    const { reason, message } = refused(400, { error: { message: 'no', code: 'context_length_exceeded' } });
    expect(reason).toBe('context_overflow');
    expect(message).toMatch(/too long.*shorten/);
  });

  it.each<[string, number, object | string, string]>([
    [
      'a missing model of vLLM',
      404,
      { error: { message: 'The model `x` does not exist.', code: 404 } },
      'model_missing',
    ],
    [
      'a missing model of Ollama',
      404,
      { error: { message: 'model "x" not found, try pulling it first' } },
      'model_missing',
    ],
    ['a missing model of OpenAI', 404, { error: { message: 'no', code: 'model_not_found' } }, 'model_missing'],
    ['a missing route of FastAPI', 404, { detail: 'Not Found' }, 'wrong_url'],
    ['a missing route of OpenAI', 404, { error: { message: 'Invalid URL (GET /v1/models)' } }, 'wrong_url'],
    ['a route with another method', 405, { detail: 'Method Not Allowed' }, 'wrong_url'],
    ['a redirect', 301, '', 'wrong_url'],
    ['a page', 200, '<html>', 'bad_stream'],
    ['an error with a good status', 200, { error: { message: 'm', type: 'T', code: 500 } }, 'T_500'],
    ['memory that ran out', 500, { error: { message: 'CUDA out of memory.' } }, 'alloc'],
  ])('tells %s (ORCH-4507)', (_, status, body, reason) => {
    expect(refused(status, body).reason).toBe(reason);
  });

  it('keeps the words of the engine for the log, not in the message (ORCH-4507)', () => {
    const failure = openAiFailure(errorBodyOf({ error: { message: 'inner words', type: 't', code: 500 } }));
    expect(failure.message).not.toContain('inner words');
    expect(failure.cause).toBe('inner words');
  });
});
