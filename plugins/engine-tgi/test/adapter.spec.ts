import { chat, closeAll, NEVER, request, run, start, text, until } from './support/fixture.js';

const ENDLESS = request(text(' one'), { maxTokens: 400 });

describe('tgi adapter', () => {
  afterEach(closeAll);

  it('reports version, model and limits of the server (OC-ADAPT-5050)', async () => {
    const { connection } = await start({ slots: 2, contextTokens: 300 }, {}, { slots: 8 });
    expect(await connection.describe(NEVER)).toMatchObject({
      engineVersion: '3.3.6',
      modelDigest: 'tgi:acme/tiny:e985a63cdc139290c5f700ff1929f0b5942cced2',
      slots: 2,
      contextTokens: 300,
      determinism: 'best_effort',
      seedBits: 53,
      features: { chat: true, cancelConfirmed: true, usage: 'end' },
    });
  });

  it('takes no more than the pool allows (OC-ADAPT-5050)', async () => {
    const { connection } = await start({ slots: 8, contextTokens: 300 }, {}, { slots: 3, contextTokens: 200 });
    expect(await connection.describe(NEVER)).toMatchObject({ slots: 3, contextTokens: 200 });
  });

  it('shows no path of the host that the model was loaded from (OC-ADAPT-5050)', async () => {
    const { connection } = await start({ model: '/data/models/tiny/' });
    expect((await connection.describe(NEVER)).modelDigest).toMatch(/^tgi:tiny:/);
  });

  it('answers a conversation with the very tokens that the chat route would send (ORCH-3058-v31)', async () => {
    const { connection, fake } = await start();
    const counted = await connection.countTokens!(chat('hello'), NEVER);
    const { text: answer, events } = await run(connection, request(chat('hello'), { maxTokens: 64 }));
    expect(answer).toBe('Hello there friend, how may I help you today?');
    // The template writes the begin token, and so would the route for text.
    expect(fake.stats.lastBody?.inputs).toBe('<|user|>hello<|end|><|assistant|>');
    expect(events.at(-1)).toMatchObject({ usage: { promptTokens: counted, exact: true } });
  });

  it('says that it has no chat when the server renders no conversations (OC-ADAPT-5040)', async () => {
    const { connection } = await start({ chat: false });
    expect((await connection.describe(NEVER)).features.chat).toBe(false);
    const { error } = await run(connection, request(chat('hello')));
    expect(error).toMatchObject({ code: 'invalid-input', reason: 'not_supported' });
  });

  it('refuses what does not fit before it is sent, with both numbers (ORCH-3056)', async () => {
    const { connection, fake } = await start({ contextTokens: 32 });
    const { error } = await run(connection, request(text(' one'.repeat(40))));
    expect(error).toMatchObject({ code: 'invalid-input', reason: 'context_overflow' });
    expect(error?.message).toMatch(/41 tokens.*32/);
    expect(fake.stats.calls['POST /generate_stream']).toBeUndefined();
  });

  it('ends a long answer at the end of the context, which the server would refuse to begin (ORCH-3056)', async () => {
    const { connection } = await start({ contextTokens: 32 });
    const { error, events } = await run(connection, request(text(' one'.repeat(20)), { maxTokens: 400 }));
    expect(error).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ finish: 'length', usage: { promptTokens: 21, completionTokens: 11 } });
  });

  it('counts only what may be too long (ORCH-3056)', async () => {
    const { connection, fake } = await start();
    await run(connection, request(text(' one')));
    expect(fake.stats.calls['POST /tokenize']).toBeUndefined();
  });

  it('leaves the check to a server without a tokenizer (ORCH-3056)', async () => {
    const { connection } = await start({ tokenizer: false, contextTokens: 32 });
    const { error } = await run(connection, request(text(' one'.repeat(40))));
    expect(error).toMatchObject({ reason: 'context_overflow', message: expect.stringMatching(/41 tokens.*32/) });
    await expect(connection.countTokens!(text('a'), NEVER)).rejects.toMatchObject({ reason: 'not_supported' });
  });

  it('does not show a stop string, and honours more of them than the server takes (OC-ADAPT-5010)', async () => {
    const { connection, fake } = await start();
    const stop = ['nothing', 'never', 'nowhere', 'none', ' four'];
    const { text: answer, events } = await run(connection, { ...ENDLESS, sampling: { ...ENDLESS.sampling, stop } });
    expect(answer).toBe(' two three');
    expect(events.at(-1)).toMatchObject({ finish: 'stop' });
    await until(() => fake.stats.busySlots === 0);
    const known = await run(connection, { ...ENDLESS, sampling: { ...ENDLESS.sampling, stop: [' four'] } });
    expect(known.text).toBe(' two three');
    expect(known.events.at(-1)).toMatchObject({ engineFinish: 'stop_sequence', usage: { exact: true } });
  });

  it('says when the server is full, which it tells inside a good reply (ORCH-3056)', async () => {
    const { connection, fake } = await start({ slots: 1, tps: 200 });
    const abort = new AbortController();
    const running = run(connection, ENDLESS, abort.signal);
    await until(() => fake.stats.busySlots === 1);
    expect((await run(connection, ENDLESS)).error).toMatchObject({ code: 'unavailable', reason: 'overloaded' });
    abort.abort();
    await running;
  });

  it('refuses a JSON schema (ORCH-3056)', async () => {
    const { connection, fake } = await start();
    const { error } = await run(connection, request(text('a'), { jsonSchema: {} }));
    expect(error).toMatchObject({ code: 'invalid-input', reason: 'not_supported' });
    expect(fake.stats.generations).toBe(0);
  });

  it('reads the gauges of the server, or none (ORCH-3056)', async () => {
    const { connection } = await start();
    await run(connection, request(text(' one'), { maxTokens: 5 }));
    expect(await connection.scrape!(NEVER)).toEqual({ running: 0, waiting: 0, promptTokens: 2, generatedTokens: 5 });
    const without = await start({ metrics: false });
    expect(await without.connection.scrape!(NEVER)).toEqual({});
    expect((await without.connection.describe(NEVER)).features.cancelConfirmed).toBe(false);
  });

  it('notices that another model answers, and says it once (OC-ADAPT-5050)', async () => {
    const first = await start();
    await first.connection.describe(NEVER);
    const port = Number(new URL(first.fake.url).port);
    await first.fake.close();
    await start({ port, version: '3.4.0' });
    for (let look = 0; look < 3; look++) {
      expect(await first.connection.health(NEVER)).toEqual({ state: 'ready' });
    }
    expect(first.logs).toEqual(['another engine or model answers at the url of the pool']);
  });
});
