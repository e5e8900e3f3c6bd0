import { GREEDY, type GenerateRequest } from '@llama-orch/plugin-sdk';
import { chat, closeAll, NEVER, request, run, start, text } from './support/fixture.js';

const KEY_VARIABLE = 'LLORCH_OPENAI_TEST_KEY';
const SAMPLING = { temperature: 0.5, topP: 0.9, topK: 20, minP: 0.1, presencePenalty: 0.2, frequencyPenalty: 0.3 };

describe('openai adapter', () => {
  afterEach(closeAll);

  it('describes what little such a server tells (ORCH-3032)', async () => {
    const { connection } = await start();
    expect(await connection.describe(NEVER)).toMatchObject({
      engineVersion: 'acme, release unknown',
      modelDigest: 'openai:acme:tiny',
      slots: 4,
      contextTokens: 8_192,
      determinism: 'best_effort',
      seedBits: 31,
      workloads: ['completion'],
      features: { chat: true, jsonSchema: true, usage: 'end' },
    });
    expect('countTokens' in connection).toBe(false);
  });

  it.each([
    [{ max_context: 100 }, {}, 100],
    [{ max_context: 100 }, { contextTokens: 64 }, 64],
    [{}, { contextTokens: 32_768 }, 32_768],
  ])('with %j and the endpoint %j has a context of %i tokens (ORCH-3032)', async (options, changes, expected) => {
    const { connection } = await start({}, options, changes);
    expect((await connection.describe(NEVER)).contextTokens).toBe(expected);
  });

  it('sends exactly these fields, whatever a request holds (ORCH-4504)', async () => {
    const { connection, fake } = await start();
    await run(connection, foreignRequest());
    expect(fake.stats.lastBody).toEqual({
      ...standardFields(),
      ...{ max_tokens: 3, top_k: 20, min_p: 0.1, repetition_penalty: 1.1, repeat_penalty: 1.1 },
    });
    expect(Object.keys(fake.stats.lastHeaders ?? {}).sort()).toEqual([
      ...['connection', 'content-length', 'content-type', 'host'],
    ]);
  });

  it('sends only the fields of OpenAI where the pool says so (ORCH-4504)', async () => {
    const options = { fields: 'openai', max_tokens_field: 'max_completion_tokens', include_usage: false };
    const { connection, fake } = await start({}, options);
    await run(connection, foreignRequest());
    const { stream_options: _, ...expected } = standardFields();
    expect(fake.stats.lastBody).toEqual({ ...expected, max_completion_tokens: 3 });
    const { features } = await connection.describe(NEVER);
    expect(features).toMatchObject({ usage: 'none' });
    expect(features.params).not.toContain('top_k');
  });

  it('counts for itself where the server does not, and says so (OC-CTRL-2020)', async () => {
    const { connection } = await start({}, { include_usage: false });
    const { events } = await run(connection, request(chat('hello'), { maxTokens: 4 }));
    expect(events.at(-1)).toMatchObject({ usage: { promptTokens: 2, completionTokens: 4, exact: false } });
  });

  it.each([
    ['auto', chat('count'), 'POST /v1/chat/completions'],
    ['auto', text(' one'), 'POST /v1/completions'],
    ['chat', text('count'), 'POST /v1/chat/completions'],
    ['completions', text(' one'), 'POST /v1/completions'],
  ])('with api: %s sends %j to %s (ORCH-3032)', async (api, prompt, route) => {
    const { connection, fake } = await start({}, { api });
    expect((await run(connection, request(prompt))).error).toBeUndefined();
    expect(fake.stats.calls[route]).toBe(1);
  });

  it.each([
    ['messages to a text route', { api: 'completions' }, request(chat('hello'))],
    ['a schema for a text prompt', {}, request(text('a'), { jsonSchema: {} })],
    ['a schema where the pool has none', { json_schema: false }, request(chat('a'), { jsonSchema: {} })],
  ])('does not send %s (ORCH-4504)', async (_, options, wanted) => {
    const { connection, fake } = await start({}, options);
    expect((await run(connection, wanted)).error).toMatchObject({ code: 'invalid-input', reason: 'not_supported' });
    expect(fake.stats.generations).toBe(0);
  });

  it('refuses more stop strings than OpenAI takes (ORCH-4504)', async () => {
    const { connection } = await start({}, { fields: 'openai' });
    const { error } = await run(connection, request(text('a'), { sampling: { ...GREEDY, stop: [...'abcde'] } }));
    expect(error).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('at most 4') });
  });

  it('marks what a model thinks as reasoning (ORCH-3032)', async () => {
    const { connection, fake } = await start();
    const delta = (part: object, finish_reason: string | null = null): string =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: part, finish_reason }] })}\n\n`;
    const thought = delta({ reasoning_content: 'hm' }) + delta({ reasoning: ' hm' });
    const bytes = Buffer.from(`${thought}${delta({ content: 'yes' })}${delta({}, 'stop')}data: [DONE]\n\n`);
    fake.fault({ type: 'raw', afterTokens: 0, bytes });
    const { events } = await run(connection, request(chat('hello')));
    expect(events.slice(0, 3)).toEqual([
      { type: 'token', text: 'hm', reasoning: true },
      { type: 'token', text: ' hm', reasoning: true },
      { type: 'token', text: 'yes' },
    ]);
  });

  it('works without a list of models, where the operator says so (ORCH-3032)', async () => {
    const { connection } = await start({ model: 'other' }, { list_models: false });
    expect(await connection.health(NEVER)).toEqual({ state: 'ready' });
    expect((await run(connection, request(text(' one')))).error).toMatchObject({ reason: 'model_missing' });
  });

  it('reads no metrics unless it is told where (ORCH-3032)', async () => {
    const { connection } = await start();
    expect(await connection.scrape?.(NEVER)).toEqual({});
  });

  it('takes the key from the environment (ORCH-4504)', async () => {
    process.env[KEY_VARIABLE] = 'secret-words';
    try {
      const { connection, fake } = await start({ apiKey: 'secret-words' }, { api_key_env: KEY_VARIABLE });
      expect((await connection.health(NEVER)).state).toBe('ready');
      await run(connection, request(text(' one')));
      expect(fake.stats.lastHeaders?.authorization).toBe('Bearer secret-words');
    } finally {
      delete process.env[KEY_VARIABLE];
    }
  });
});

function foreignRequest(): GenerateRequest {
  const foreign = { n: 4, user: 'x', logit_bias: {} };
  const prompt = { type: 'chat', messages: [{ role: 'user', content: 'count', name: 'x' }], ...foreign } as const;
  const sampling = { ...SAMPLING, repeatPenalty: 1.1, stop: ['x'], ...foreign };
  return { ...foreign, ...request(prompt, { seed: 7, maxTokens: 3 }), sampling };
}

function standardFields() {
  return {
    model: 'tiny',
    messages: [{ role: 'user', content: 'count' }],
    stream: true,
    stream_options: { include_usage: true },
    seed: 7,
    temperature: 0.5,
    top_p: 0.9,
    presence_penalty: 0.2,
    frequency_penalty: 0.3,
    stop: ['x'],
  };
}
