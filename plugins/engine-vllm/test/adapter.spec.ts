import { GREEDY } from '@llama-orch/plugin-sdk';
import { startFakeVllm } from '../../../test/support/fake-engines/vllm.js';
import { chat, closeAll, closing, connectTo, NEVER, request, run, start, text } from './support/fixture.js';

const KEY_VARIABLE = 'LLORCH_VLLM_TEST_KEY';

describe('vllm adapter', () => {
  afterEach(closeAll);

  it('describes version, model, context and slots (OC-ADAPT-5021)', async () => {
    const { connection } = await start({ contextTokens: 2_048 });
    expect(await connection.describe(NEVER)).toMatchObject({
      engineVersion: '0.12.0',
      modelDigest: 'vllm:tiny:acme/tiny:2048',
      slots: 4,
      contextTokens: 2_048,
      seedBits: 53,
      determinism: 'best_effort',
      workloads: ['completion'],
      features: { chat: true, jsonSchema: true, kvReuse: 'prefix', cancelConfirmed: true, usage: 'stream' },
    });
  });

  it.each([
    [{ batch_invariant: true }, {}, { determinism: 'exact' }],
    [{ max_context: 100 }, {}, { contextTokens: 100 }],
    [{}, { contextTokens: 64 }, { contextTokens: 64 }],
  ])('with %j and the endpoint %j declares %j (OC-ADAPT-5030)', async (options, changes, expected) => {
    const { connection } = await start({}, options, changes);
    expect(await connection.describe(NEVER)).toMatchObject(expected);
  });

  it('sends exactly these fields, whatever a request holds (ORCH-4504)', async () => {
    const { connection, fake } = await start();
    const foreign = { n: 4, user: 'x', priority: 9, cache_salt: 'y' };
    const sampling = { temperature: 0.5, topP: 0.9, topK: 20, minP: 0.1, presencePenalty: 0.2, frequencyPenalty: 0.3 };
    const prompt = { type: 'chat', messages: [{ role: 'user', content: 'count', name: 'x' }], ...foreign } as const;
    await run(connection, {
      ...foreign,
      ...request(prompt, { seed: 2 ** 52, maxTokens: 3, jsonSchema: { type: 'object' } }),
      sampling: { ...sampling, repeatPenalty: 1.1, stop: ['x'], ...foreign },
    });
    expect(fake.stats.lastBody).toEqual({
      model: 'tiny',
      messages: [{ role: 'user', content: 'count' }],
      stream: true,
      stream_options: { include_usage: true, continuous_usage_stats: true },
      max_tokens: 3,
      seed: 2 ** 52,
      temperature: 0.5,
      top_p: 0.9,
      presence_penalty: 0.2,
      frequency_penalty: 0.3,
      stop: ['x'],
      top_k: 20,
      min_p: 0.1,
      repetition_penalty: 1.1,
      repeat_penalty: 1.1,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', schema: { type: 'object' }, strict: true },
      },
    });
    expect(Object.keys(fake.stats.lastHeaders ?? {}).sort()).toEqual([
      ...['connection', 'content-length', 'content-type', 'host'],
    ]);
  });

  it.each(['', '/', '/v1', '/v1/'])('finds all routes of a url that ends in "%s" (OC-ADAPT-5020)', async (end) => {
    const fake = closing(await startFakeVllm());
    const { connection } = await connectTo(fake.url + end);
    expect(await connection.health(NEVER)).toEqual({ state: 'ready' });
    expect((await connection.describe(NEVER)).engineVersion).toBe('0.12.0');
    expect((await run(connection, request(chat('hello')))).text).toBe(
      'Hello there friend, how may I help you today?'.split(' ').slice(0, 8).join(' '),
    );
    expect((await run(connection, request(text(' one')))).text).toContain(' two');
  });

  it('ends at the stop string with the usage of the engine (OC-ADAPT-5020)', async () => {
    const { connection } = await start();
    const { text: received, events } = await run(
      connection,
      request(text(' one'), { sampling: { ...GREEDY, stop: [' four'] } }),
    );
    expect(received).toBe(' two three');
    expect(events.at(-1)).toEqual({
      type: 'end',
      finish: 'stop',
      engineFinish: 'stop',
      usage: { promptTokens: 2, cachedTokens: 0, completionTokens: 3, exact: true },
    });
  });

  it('asks for the length of a prompt only where the bytes do not tell that it fits (OC-ADAPT-5021)', async () => {
    const { connection, fake } = await start({ contextTokens: 64 });
    await run(connection, request(text(' one'), { maxTokens: 8 }));
    expect(fake.stats.calls['POST /tokenize']).toBeUndefined();
    const { events } = await run(connection, request(text(' one'), { maxTokens: 500 }));
    expect(fake.stats.calls['POST /tokenize']).toBe(1);
    expect(events.at(-1)).toMatchObject({ finish: 'length', usage: { completionTokens: 62 } });
  });

  it('refuses a prompt beyond the context with both numbers, before it is sent (ORCH-4504)', async () => {
    const { connection, fake } = await start({ contextTokens: 64 });
    const { error } = await run(connection, request(text('x'.repeat(80))));
    expect(error).toMatchObject({ code: 'invalid-input', reason: 'context_overflow' });
    expect(error?.message).toMatch(/81 tokens.*64 tokens/);
    expect(fake.stats.generations).toBe(0);
  });

  it.each([
    [{ maxTokens: 0 }, 'max_tokens'],
    [{ seed: -1 }, 'seed'],
    [{ seed: Number.NaN }, 'seed'],
    [{ sampling: { ...GREEDY, temperature: 3 } }, 'temperature'],
    [{ sampling: { ...GREEDY, topP: 0 } }, 'top_p'],
    [{ sampling: { ...GREEDY, repeatPenalty: 0 } }, 'repeat_penalty'],
  ])('refuses %j, which the server would refuse or bend (ORCH-4504)', async (changes, name) => {
    const { connection, fake } = await start();
    const { error } = await run(connection, request(text(' one'), changes));
    expect(error).toMatchObject({ code: 'invalid-input', message: expect.stringContaining(name) });
    expect(fake.stats.generations).toBe(0);
  });

  it('counts tokens as the engine does (OC-ADAPT-5021)', async () => {
    const { connection } = await start();
    expect(await connection.countTokens?.(text(' one two'), NEVER)).toBe(3);
    const { events } = await run(connection, request(chat('hello'), { maxTokens: 1 }));
    const counted = await connection.countTokens?.(chat('hello'), NEVER);
    expect(events.at(-1)).toMatchObject({ usage: { promptTokens: counted } });
  });

  it('gives vectors and scores in the order of the inputs (OC-ADAPT-5020)', async () => {
    const { connection, fake } = await start({}, { workloads: ['embedding', 'rerank'] });
    expect((await connection.describe(NEVER)).workloads).toEqual(['embedding', 'rerank']);
    const inputs = ['zebra', 'a cat', 'cat'];
    const { scores = [] } = (await connection.rerank?.({ taskId: 't', query: 'cat', inputs }, NEVER)) ?? {};
    expect(scores.indexOf(Math.max(...scores))).toBe(2);
    expect(fake.stats.lastBody).toEqual({ model: 'tiny', query: 'cat', documents: inputs, top_n: 3 });
    const { embeddings = [], promptTokens } = (await connection.embed?.({ taskId: 't', inputs }, NEVER)) ?? {};
    expect([embeddings.length, embeddings[0]?.length]).toEqual([3, 8]);
    expect(promptTokens).toBeGreaterThan(0);
  });

  it.each(['new', 'old'] as const)('reads its metrics by their %s names (OC-ADAPT-5021)', async (metricNames) => {
    const { connection } = await start({ metricNames });
    await run(connection, request(text(' one'), { maxTokens: 5 }));
    expect(await connection.scrape?.(NEVER)).toEqual({
      ...{ running: 0, waiting: 0, kvShare: 0, promptTokens: 2, generatedTokens: 5 },
    });
  });

  it('wakes a sleeping server for the first request (ORCH-3055)', async () => {
    const { connection, fake } = await start({ sleepRoutes: true });
    fake.sleeping(true);
    expect(await connection.health(NEVER)).toEqual({ state: 'ready', reason: 'sleeping' });
    expect((await run(connection, request(text(' one')))).error).toBeUndefined();
    expect(fake.stats.calls['POST /wake_up']).toBe(1);
    expect((await connection.health(NEVER)).reason).toBeUndefined();
    await run(connection, request(text(' one')));
    expect(fake.stats.calls['POST /wake_up']).toBe(1);
  });

  it('calls a bound and silent port loading, until it was ready once (ORCH-3055)', async () => {
    const { connection, fake } = await start({ loadingMs: 60_000 });
    expect(await connection.health(NEVER)).toMatchObject({ state: 'loading' });
    fake.loading(false);
    expect(await connection.health(NEVER)).toEqual({ state: 'ready' });
    fake.loading(true);
    expect(await connection.health(NEVER)).toMatchObject({ state: 'failed', error: { code: 'timeout' } });
  });

  it('calls a silent port failed when loading took longer than it may (ORCH-3055)', async () => {
    const { connection } = await start({ loadingMs: 60_000 }, {}, { loadTimeoutMs: 10 });
    expect((await connection.health(NEVER)).state).toBe('failed');
  });

  it('logs a word that it does not know for an end once (ORCH-3055)', async () => {
    const { connection, fake, logs } = await start();
    const chunk = (more: object): string =>
      `data: ${JSON.stringify({ choices: [{ index: 0, text: 'a', ...more }] })}\n\n`;
    const bytes = Buffer.from(`${chunk({ finish_reason: 'tired' })}data: [DONE]\n\n`);
    fake.fault({ type: 'raw', afterTokens: 0, bytes });
    for (let times = 0; times < 2; times++) {
      const { events } = await run(connection, request(text(' one')));
      expect(events.at(-1)).toMatchObject({ finish: 'stop', engineFinish: 'tired', usage: { exact: false } });
    }
    expect(logs).toEqual([expect.stringContaining('tired')]);
  });

  it('takes the key from the environment and shows it nowhere (ORCH-4504)', async () => {
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
