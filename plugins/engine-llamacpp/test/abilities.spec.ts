import { EngineError } from '@llama-orch/plugin-sdk';
import { MetricsText } from '@llama-orch/plugin-sdk/http';
import { gaugesOf, kvShareOf } from '../src/metrics.js';
import { chat, closeAll, NEVER, request, run, start, text, until } from './support/fixture.js';

const VECTORS = { embeddings: true, reranking: true };
const ALL = { workloads: ['completion', 'embedding', 'rerank'] };
const INPUTS = ['a cat', 'a lorry', 'a cat'];
const LONG = { taskId: 't', inputs: [' one'.repeat(600)] };
const SLOT = { slot: 0, name: 'chat-1' };

describe('vectors and scores of a llama-server', () => {
  afterEach(closeAll);

  it('come in the order of the inputs, with the count of the engine (ORCH-3054)', async () => {
    const { connection, fake } = await start(VECTORS, ALL);
    expect((await connection.describe(NEVER)).workloads).toEqual(ALL.workloads);
    const { embeddings, promptTokens } = await connection.embed!({ taskId: 't', inputs: INPUTS }, NEVER);
    expect(embeddings[0]).toEqual(embeddings[2]);
    expect(embeddings[0]).not.toEqual(embeddings[1]);
    expect(promptTokens).toBe(20);
    const { scores } = await connection.rerank!({ taskId: 't', inputs: INPUTS, query: 'a lorry' }, NEVER);
    expect(scores[1]).toBeCloseTo(1);
    expect(scores[0]).toBe(scores[2]);
    expect(fake.stats.calls['POST /v1/rerank']).toBe(2);
  });

  it('are refused where an input does not fit one batch (ORCH-3054)', async () => {
    const { connection } = await start(VECTORS, ALL);
    const refusal = { code: 'invalid-input', reason: 'context_overflow' };
    await expect(connection.embed!(LONG, NEVER)).rejects.toMatchObject(refusal);
    await expect(connection.rerank!({ ...LONG, query: 'a' }, NEVER)).rejects.toMatchObject(refusal);
  });

  it.each([
    ['embedding', '--embeddings'],
    ['rerank', '--reranking'],
  ])('fail the start of a pool for %s on a server without the flag (ORCH-3054)', async (workload, flag) => {
    const { connection } = await start({}, { workloads: [workload] });
    const failure = { reason: 'workload_missing', message: expect.stringContaining(flag) };
    await expect(connection.describe(NEVER)).rejects.toMatchObject(failure);
  });

  it('end with an error when the call is aborted (ORCH-3017)', async () => {
    const { connection } = await start(VECTORS, ALL);
    const call = connection.embed!({ taskId: 't', inputs: INPUTS }, AbortSignal.abort());
    await expect(call).rejects.toBeInstanceOf(EngineError);
  });
});

describe('slots of a llama-server', () => {
  afterEach(closeAll);

  it('are kept and brought back, and the next prompt reads them (ORCH-3054)', async () => {
    const { connection } = await start({ slots: 1, slotFiles: true }, { cache_prompt: true });
    await connection.describe(NEVER);
    await run(connection, request(text(' one two three four')));
    const saved = await connection.saveSlot!(SLOT, NEVER);
    await run(connection, request(text(' seven')));
    expect(await connection.restoreSlot!(SLOT, NEVER)).toEqual(saved);
    const { events } = await run(connection, request(text(' one two three four five')));
    expect(events.at(-1)).toMatchObject({ usage: { promptTokens: 6, cachedTokens: 5 } });
  });

  it('are not offered without --slot-save-path (ORCH-3054)', async () => {
    const { connection } = await start();
    await connection.describe(NEVER);
    expect(connection).not.toHaveProperty('saveSlot');
    expect(connection).not.toHaveProperty('restoreSlot');
  });

  it.each([
    [{ ...SLOT, slot: 4 }, 'refused'],
    [{ ...SLOT, slot: -1 }, 'refused'],
    [{ ...SLOT, slot: 0.5 }, 'refused'],
    [{ ...SLOT, name: '../x' }, 'refused'],
    [{ ...SLOT, name: '' }, 'refused'],
    [{ ...SLOT, name: 'never-saved' }, 'slot_not_restored'],
  ])('are not restored for %j, which the server would bend or lacks (ORCH-3054)', async (state, reason) => {
    const { connection, fake } = await start({ slotFiles: true });
    await connection.describe(NEVER);
    const failure = { code: 'invalid-input', reason };
    await expect(connection.restoreSlot!(state, NEVER)).rejects.toMatchObject(failure);
    if (reason === 'refused') await expect(connection.saveSlot!(state, NEVER)).rejects.toMatchObject(failure);
    expect(fake.stats.calls[`POST /slots/${state.slot}`] ?? 0).toBe(
      state.slot === 0 ? (reason === 'refused' ? 1 : 2) : 0,
    );
  });

  it.each([
    [1, {}, 'none', 0],
    [1, { cache_prompt: true }, 'slot', 8],
    [4, {}, 'slot', 8],
  ])('with %i of them and %j reuse what is declared: %s (ORCH-3054)', async (slots, options, kvReuse, cachedTokens) => {
    const { connection } = await start({ slots }, options);
    expect((await connection.describe(NEVER)).features).toMatchObject({ kvReuse, cancelConfirmed: true });
    await run(connection, request(chat('hello'), { maxTokens: 64 }));
    const { events } = await run(connection, request(chat('hello', 'count')));
    expect(events.at(-1)).toMatchObject({ usage: { cachedTokens } });
  });
});

describe('metrics of a llama-server', () => {
  afterEach(closeAll);

  it('tell what runs and waits, and the share of the KV cache by the busy slots (ORCH-3054)', async () => {
    const { connection, fake } = await start({ slots: 1, tps: 20, contextTokens: 100 });
    const abort = new AbortController();
    const runs = [1, 2].map(() => run(connection, request(text(' one'), { maxTokens: 90 }), abort.signal));
    await until(() => fake.stats.deferred === 1);
    const gauges = await connection.scrape!(NEVER);
    expect(gauges).toMatchObject({ running: 1, waiting: 1, promptTokens: 2 });
    expect(gauges.kvShare).toBeGreaterThanOrEqual(0.02);
    abort.abort();
    await Promise.all(runs);
    expect(await connection.scrape!(NEVER)).toMatchObject({ running: 0, waiting: 0, kvShare: 0 });
  });

  it.each([
    ['without --metrics', { metrics: false }],
    ['that sits behind a router', { router: true }],
  ])('are no gauges on a server %s (ORCH-3054)', async (_, server) => {
    const { connection } = await start(server);
    expect(await connection.scrape!(NEVER)).toEqual({});
  });

  it('leave out the share of the KV cache where slots tell nothing (ORCH-3054)', async () => {
    const { connection } = await start({ slotsRoute: false });
    expect(Object.keys(await connection.scrape!(NEVER)).sort()).toEqual([
      'generatedTokens',
      'promptTokens',
      'running',
      'waiting',
    ]);
  });

  it('take the share from the series of older releases before the slots (ORCH-3054)', () => {
    const metrics = new MetricsText('llamacpp:kv_cache_usage_ratio 0.25\nllamacpp:requests_processing 2\n');
    const slots = [{ n_ctx: 10, is_processing: true, n_prompt_tokens: 9 }];
    expect(gaugesOf(metrics, slots)).toEqual({ running: 2, kvShare: 0.25 });
  });

  it.each([
    [
      'busy slots alone',
      [
        { n_ctx: 10, is_processing: true, n_prompt_tokens: 5 },
        { n_ctx: 10, n_prompt_tokens: 9 },
      ],
      0.25,
    ],
    ['never more than all', [{ n_ctx: 10, is_processing: true, n_prompt_tokens: 50 }], 1],
    ['not a busy slot that tells nothing', [{ n_ctx: 10, is_processing: true }], undefined],
    ['not no slots', [], undefined],
  ])('count %s (ORCH-3054)', (_, slots, share) => {
    expect(kvShareOf(slots)).toBe(share);
  });
});

describe('sleep of a llama-server', () => {
  afterEach(closeAll);

  it('is told as a reason of ready, and a task is served all the same (ORCH-3054)', async () => {
    const { connection, fake } = await start();
    fake.sleeping(true);
    expect((await connection.describe(NEVER)).features.sleep).toBe(true);
    expect(await connection.health(NEVER)).toEqual({ state: 'ready', reason: 'sleeping' });
    expect((await run(connection, request(text(' one')))).events.at(-1)?.type).toBe('end');
  });
});
