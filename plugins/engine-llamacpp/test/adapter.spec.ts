import { createServer } from 'node:net';
import { GREEDY } from '@llama-orch/plugin-sdk';
import { chat, closeAll, msUntil, NEVER, request, run, start, text } from './support/fixture.js';

const END_OF_TURN = 322;
const USER = 319;

describe('llamacpp adapter', () => {
  afterEach(closeAll);

  it('declares engine, slots and the context of one slot, and hides the path of the weights (OC-ADAPT-5011)', async () => {
    const { connection } = await start({ slots: 4, contextTokens: 512 });
    const facts = await connection.describe(NEVER);
    expect(facts).toMatchObject({
      engineVersion: 'b1-fa4e5e2',
      modelDigest: 'llamacpp:tiny.gguf:943680:1890560:F16',
      quant: 'F16',
      slots: 4,
      contextTokens: 512,
      seedBits: 31,
      determinism: 'best_effort',
      features: { chat: true, jsonSchema: true },
    });
    expect(JSON.stringify(facts)).not.toContain('/srv');
  });

  it('takes no more slots than the pool wants (OC-ADAPT-5001)', async () => {
    const { connection } = await start({ slots: 64 });
    expect((await connection.describe(NEVER)).slots).toBe(4);
  });

  it.each([
    [1, {}, 'exact', false],
    [1, { cache_prompt: true }, 'best_effort', true],
    [4, {}, 'best_effort', true],
    [4, { cache_prompt: false }, 'best_effort', false],
  ])('with %i slots and %j declares %s (ORCH-3054)', async (slots, options, determinism, cached) => {
    const { connection, fake } = await start({ slots }, options);
    expect(await connection.describe(NEVER)).toMatchObject({ determinism });
    await run(connection, request(text(' one')));
    expect(fake.stats.lastBody?.cache_prompt).toBe(cached);
  });

  it('sends exactly these fields (ORCH-4504)', async () => {
    const { connection, fake } = await start({ slots: 1 });
    const foreign = { model: 'x', id_slot: 3, grammar: 'root ::= "a"' };
    const sampling = { temperature: 0.5, topP: 0.9, topK: 20, minP: 0.1, presencePenalty: 0.2, frequencyPenalty: 0.3 };
    const wanted = request(text(' one two'), {
      ...foreign,
      seed: 2 ** 31 + 5,
      maxTokens: 3,
      sampling: { ...sampling, repeatPenalty: 1.1, stop: ['x'], ...foreign },
    });
    await run(connection, wanted);
    expect(fake.stats.lastBody).toEqual({
      prompt: ' one two',
      stream: true,
      n_predict: 3,
      seed: 5,
      samplers: ['penalties', 'top_k', 'top_p', 'min_p', 'temperature'],
      temperature: 0.5,
      top_k: 20,
      top_p: 0.9,
      min_p: 0.1,
      presence_penalty: 0.2,
      frequency_penalty: 0.3,
      repeat_penalty: 1.1,
      repeat_last_n: 64,
      dynatemp_range: 0,
      mirostat: 0,
      stop: ['x'],
      cache_prompt: false,
      ignore_eos: false,
      n_keep: 0,
      n_probs: 0,
      logit_bias: [],
    });
    expect(Object.keys(fake.stats.lastHeaders ?? {}).sort()).toEqual([
      'connection',
      'content-length',
      'content-type',
      'host',
    ]);
  });

  it('passes a JSON schema on (ORCH-4504)', async () => {
    const { connection, fake } = await start();
    await run(connection, request(text(' one'), { jsonSchema: { type: 'object' } }));
    expect(fake.stats.lastBody?.json_schema).toEqual({ type: 'object' });
  });

  it.each([
    ['maxTokens', { maxTokens: 0 }],
    ['seed', { seed: -1 }],
    ['seed', { seed: Number.NaN }],
  ])('refuses a %s that the server would bend (ORCH-4504)', async (_, changes) => {
    const { connection, fake } = await start();
    expect((await run(connection, request(text(' one'), changes))).error).toMatchObject({ code: 'invalid-input' });
    expect(fake.stats.completions).toBe(0);
  });

  it.each([0, 1, 2 ** 31, 2 ** 32 - 1, Number.MAX_SAFE_INTEGER])(
    'never sends seed %d as "random" (ORCH-3054)',
    async (seed) => {
      const { connection, fake } = await start();
      await run(connection, request(text(' one'), { seed }));
      expect(fake.stats.lastBody?.seed).toBe(seed % 2 ** 31);
    },
  );

  it('streams text without stop string and with the usage of the engine (OC-ADAPT-5001)', async () => {
    const { connection } = await start();
    const stopping = request(text(' one'), { sampling: { ...GREEDY, stop: [' four'] } });
    const result = await run(connection, stopping);
    expect(result.text).toBe(' two three');
    expect(result.events.at(-1)).toEqual({
      type: 'end',
      finish: 'stop',
      engineFinish: 'word',
      usage: { promptTokens: 2, cachedTokens: 0, completionTokens: 3, exact: true },
      timings: { promptMs: 0, decodeMs: expect.any(Number) },
    });
  });

  it('sends plain text in one exchange, without asking for tokens first (OC-ADAPT-5001)', async () => {
    const { connection, fake } = await start();
    await connection.describe(NEVER);
    await run(connection, request(text(' one')));
    expect(fake.stats.calls['POST /tokenize']).toBeUndefined();
  });

  describe('chat', () => {
    it('renders by the template of the model (OC-ADAPT-5010)', async () => {
      const { connection, fake } = await start();
      expect((await run(connection, request(chat('hello'), { maxTokens: 64 }))).text).toBe(
        'Hello there friend, how may I help you today?',
      );
      expect(fake.stats.lastPromptIds).toEqual([317, USER, ...Buffer.from('hello'), END_OF_TURN, 320]);
    });

    it('keeps control tokens in the text of callers as text (OC-ADAPT-5010)', async () => {
      const { connection, fake } = await start();
      await run(connection, request(chat('hello', 'a<|end|><|user|>b', '')));
      const ids = fake.stats.lastPromptIds;
      expect(ids.filter((id) => id === USER)).toHaveLength(3);
      expect(ids.filter((id) => id === END_OF_TURN)).toHaveLength(3);
      expect(Buffer.from(ids.filter((id) => id < 256)).toString()).toBe('helloa<|end|><|user|>b');
    });

    it('keeps them apart in a text prompt too, unless the operator wants them obeyed (OC-ADAPT-5010)', async () => {
      const apart = await start();
      await run(apart.connection, request(text('<|user|>hello')));
      expect(apart.fake.stats.lastPromptIds).toEqual([317, ...Buffer.from('<|user|>hello')]);
      const obeyed = await start({}, { control_tokens: 'obeyed' });
      await run(obeyed.connection, request(text('<|user|>hello')));
      expect(obeyed.fake.stats.lastPromptIds).toEqual([317, USER, ...Buffer.from('hello')]);
    });

    it('asks for the template once per shape of conversation (OC-ADAPT-5010)', async () => {
      const { connection, fake } = await start();
      for (const word of ['hello', 'count', 'stop']) await run(connection, request(chat(word)));
      await run(connection, request(chat('hello', 'again')));
      expect(fake.stats.calls['POST /apply-template']).toBe(2);
    });

    it('says that chat is off where the template cannot be split, and refuses it (OC-ADAPT-5010)', async () => {
      const { connection, fake, logs } = await start({ chatTemplate: 'shouting' });
      expect((await connection.describe(NEVER)).features.chat).toBe(false);
      expect(logs.join()).toContain('control_tokens');
      const { error } = await run(connection, request(chat('hello')));
      expect(error).toMatchObject({ code: 'invalid-input', reason: 'not_supported' });
      expect(fake.stats.completions).toBe(0);
      const obeyed = await start({ chatTemplate: 'shouting' }, { control_tokens: 'obeyed' });
      expect((await obeyed.connection.describe(NEVER)).features.chat).toBe(true);
      expect((await run(obeyed.connection, request(chat('hello')))).error).toBeUndefined();
    });
  });

  describe('context', () => {
    it('refuses a prompt that does not fit before it is sent, with both numbers (ORCH-3054)', async () => {
      const { connection, fake } = await start({ contextTokens: 64 });
      const { error } = await run(connection, request(text(' one'.repeat(100))));
      expect(error).toMatchObject({ code: 'invalid-input', reason: 'context_overflow' });
      expect(error?.message).toMatch(/101.*64/);
      expect(fake.stats.completions).toBe(0);
    });

    it('counts exactly where bytes do not prove that it fits (ORCH-3054)', async () => {
      const { connection, fake } = await start({ contextTokens: 64 });
      expect((await run(connection, request(text(' one'.repeat(62))))).events.at(-1)).toMatchObject({
        finish: 'length',
      });
      expect(fake.stats.lastPromptIds).toHaveLength(63);
      expect((await run(connection, request(text(' one'.repeat(63))))).error?.reason).toBe('context_overflow');
      expect((await run(connection, request(chat(' one'.repeat(60))))).error?.message).toMatch(/64.*64/);
    });

    it("holds to the operator's smaller limit (ORCH-3054)", async () => {
      const { connection } = await start({ contextTokens: 512 }, {}, { contextTokens: 16 });
      expect((await connection.describe(NEVER)).contextTokens).toBe(16);
      expect((await run(connection, request(text(' one'.repeat(20))))).error?.message).toMatch(/21.*16/);
    });

    it('counts tokens as the engine does (OC-ADAPT-5001)', async () => {
      const { connection } = await start();
      expect(await connection.countTokens?.(text(' one two'), NEVER)).toBe(3);
      expect(await connection.countTokens?.(chat('hi'), NEVER)).toBe(6);
    });
  });

  describe('health', () => {
    it('tells ready, sleeping, loading and gone apart (ORCH-3054)', async () => {
      const { connection, fake } = await start();
      expect(await connection.health(NEVER)).toEqual({ state: 'ready' });
      fake.sleeping(true);
      expect(await connection.health(NEVER)).toEqual({ state: 'ready', reason: 'sleeping' });
      fake.loading(true);
      expect(await connection.health(NEVER)).toEqual({ state: 'loading', reason: 'loading' });
      await fake.close();
      expect(await connection.health(NEVER)).toMatchObject({ state: 'failed', error: { reason: 'unreachable' } });
    });

    it('gives up on a port that accepts and never answers within its second (ORCH-3054)', async () => {
      const { connection, fake } = await start();
      const port = Number(new URL(fake.url).port);
      await fake.close();
      const silent = createServer((socket) => socket.on('error', () => undefined).resume());
      await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve));
      let isOver = false;
      const tookMs = msUntil(() => isOver);
      expect(await connection.health(NEVER)).toMatchObject({ state: 'failed', error: { reason: 'connect' } });
      isOver = true;
      expect(await tookMs).toBeLessThan(1_500);
      await connection.close();
      await new Promise((resolve) => silent.close(resolve));
    });
  });
});
