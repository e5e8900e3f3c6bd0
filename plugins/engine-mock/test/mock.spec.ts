import mock from '../src/index.js';
import { mockEngine, request, run, SAMPLING, text } from './support.js';

describe('the mock engine', () => {
  it('answers whole words that depend on prompt, seed and sampling alone (ORCH-3058)', async () => {
    const [one, other] = [await mockEngine()(), await mockEngine()()];
    const { tokens } = await run(one, request('hello'));
    expect(tokens).toHaveLength(8);
    expect(tokens.join('')).toMatch(/^(tok\d{1,3} ){8}$/);
    expect((await run(other, request('hello', { taskId: 'another' }))).tokens).toEqual(tokens);
    const variations = [{ prompt: text('hullo') }, { seed: 8 }, { sampling: { ...SAMPLING, topK: 3 } }];
    for (const changes of variations) {
      expect((await run(one, request('hello', changes))).tokens).not.toEqual(tokens);
    }
  });

  it('answers a shorter limit with the beginning of the same text (ORCH-3058)', async () => {
    const connection = await mockEngine()();
    const [long, short] = [
      await run(connection, request('hello')),
      await run(connection, request('hello', { maxTokens: 3 })),
    ];
    expect(short.tokens).toEqual(long.tokens.slice(0, 3));
    expect(short.end).toMatchObject({ finish: 'length', usage: { promptTokens: 1, completionTokens: 3, exact: true } });
  });

  it('ends by itself after `tokens` tokens (ORCH-3058)', async () => {
    const connection = await mockEngine({ tokens: 5 })();
    const { tokens, end } = await run(connection, request('hello', { maxTokens: 9 }));
    expect(tokens).toHaveLength(5);
    expect(end).toMatchObject({ finish: 'stop', engineFinish: 'eos' });
  });

  it('mixes in characters of several bytes on request, whole ones (ORCH-3058)', async () => {
    const connection = await mockEngine({ emoji: true, tokens: 60 })();
    const { tokens } = await run(connection, request('hello', { maxTokens: 60 }));
    expect(tokens.join('')).toMatch(/\p{Extended_Pictographic}|\p{Regional_Indicator}/u);
    expect(tokens.some((token) => /[\p{Surrogate}\uFFFD]/u.test(token))).toBe(false);
  });

  it('brings several tokens with one read when `batch_tokens` says so (ORCH-3058)', async () => {
    const connection = await mockEngine({ batch_tokens: 3, tokens: 7 })();
    const sizes: number[] = [];
    const batches = connection.generate(request('hello', { maxTokens: 20 }), new AbortController().signal);
    for await (const batch of batches) sizes.push(batch.length);
    expect(sizes).toEqual([3, 3, 1, 1]);
  });

  it('fills the context and stops there (ORCH-3058)', async () => {
    const connection = await mockEngine({ context_tokens: 6 })();
    const { tokens, end } = await run(connection, request('four words of prompt'));
    expect(tokens).toHaveLength(2);
    expect(end?.finish).toBe('length');
  });

  it('loads for `load_ms` and refuses work until then (ORCH-3058)', async () => {
    const connection = await mockEngine({ load_ms: 86_400_000 })();
    expect(await connection.health()).toMatchObject({ state: 'loading' });
    expect((await run(connection, request('hello'))).error).toMatchObject({ code: 'unavailable', reason: 'loading' });
  });

  it('refuses more work than it has slots, so that a wrong lease is seen (ORCH-3058)', async () => {
    const connection = await mockEngine({ slots: 1, fail: [{ kind: 'stall' }] })();
    const abort = new AbortController();
    const stalled = run(connection, request('hello'), abort.signal);
    expect(connection.busySlots).toBe(1);
    expect((await run(connection, request('hello'))).error).toMatchObject({ reason: 'overloaded' });
    abort.abort();
    expect(connection.busySlots).toBe(0);
    expect(await stalled).toEqual({ tokens: [], end: undefined, error: undefined });
  });

  it('refuses a seed wider than it declares (ORCH-3058)', async () => {
    const connection = await mockEngine({ seed_bits: 8 })();
    expect((await run(connection, request('hello', { seed: 255 }))).error).toBeUndefined();
    expect((await run(connection, request('hello', { seed: 256 }))).error).toMatchObject({ code: 'invalid-input' });
  });

  it('lets the event loop go on during a long answer without delays (ORCH-3058)', async () => {
    const connection = await mockEngine({ tokens: 5_000 })();
    const abort = new AbortController();
    setImmediate(() => abort.abort());
    const { tokens, end } = await run(connection, request('hello', { maxTokens: 5_000 }), abort.signal);
    expect(tokens.length).toBeLessThan(5_000);
    expect(end).toBeUndefined();
  });

  it('embeds as wide as it was told and ranks by shared words (ORCH-3058)', async () => {
    const connection = await mockEngine({ embedding_size: 5 })();
    const { signal } = new AbortController();
    const { embeddings, promptTokens } = await connection.embed(
      { taskId: 'task', inputs: ['one two', 'three'] },
      signal,
    );
    expect(embeddings.map((vector) => vector.length)).toEqual([5, 5]);
    expect(promptTokens).toBe(3);
    const ranked = await connection.rerank({ taskId: 'task', query: 'a cat', inputs: ['the dog', 'A cat!'] }, signal);
    expect(ranked.scores).toEqual([0, 1]);
  });

  it('says mock in its id, its version and its package (ORCH-3058)', async () => {
    expect(mock.id).toBe('mock');
    expect((await (await mockEngine()()).describe()).engineVersion).toMatch(/^mock-/);
    expect(mock.options.safeParse({ engine_version: 'b9934' }).success).toBe(false);
  });

  it.each([
    { delay_ms: 5 },
    { tokens: -1 },
    { seed_bits: 54 },
    { fail: [{ kind: 'garbage' }] },
    { fail: [{ kind: 'never-ready', at_token: 1 }] },
    { fail: [{ kind: 'stall', code: 'internal' }] },
    { fail: [{ kind: 'error', code: 'teapot' }] },
  ])('refuses the options %j (ORCH-4701)', (options) => {
    expect(mock.options.safeParse(options).success).toBe(false);
  });
});
