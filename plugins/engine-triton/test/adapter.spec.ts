import { type EngineConnection, type EngineHealth } from '@llama-orch/plugin-sdk';
import { type ModelKind } from '../../../test/support/fake-engines/triton-models.js';
import { chat, closeAll, NEVER, request, run, start, text } from './support/fixture.js';

const KINDS: readonly ModelKind[] = ['trtllm-ensemble', 'trtllm-old', 'trtllm-api', 'vllm'];
const HELLO = text('<|user|>hello<|end|><|assistant|>');
const ENDLESS = request(text(' one'), { maxTokens: 400 });

describe('triton adapter', () => {
  afterEach(closeAll);

  it.each(KINDS)('answers through a model of %s (ORCH-3057)', async (kind) => {
    const { connection } = await start({ kind });
    for (let time = 0; time < 2; time++) {
      const { text: answer, events } = await run(connection, request(HELLO, { maxTokens: 64 }));
      expect(answer).toBe('Hello there friend, how may I help you today?');
      expect(events.at(-1)).toMatchObject({ type: 'end', finish: 'stop' });
    }
  });

  it.each(KINDS)('is greedy with a model of %s, whatever the seed (ORCH-3057)', async (kind) => {
    const { connection } = await start({ kind });
    const answers = [1, 2, 3].map((seed) => run(connection, request(text(' Once a'), { seed })));
    expect(new Set((await Promise.all(answers)).map((one) => one.text)).size).toBe(1);
  });

  it.each<[ModelKind, object]>([
    ['trtllm-ensemble', { promptTokens: 2, completionTokens: 5, exact: true }],
    ['trtllm-old', { promptTokens: 1, completionTokens: 5, exact: false }],
    ['trtllm-api', { promptTokens: 1, completionTokens: 5, exact: false }],
    ['vllm', { promptTokens: 2, completionTokens: 5, exact: true }],
  ])('counts as well as a model of %s does (ORCH-3057)', async (kind, usage) => {
    const { connection } = await start({ kind });
    const { events } = await run(connection, request(text(' one'), { maxTokens: 5 }));
    expect(events.at(-1)).toMatchObject({ finish: 'length', usage });
  });

  it.each(KINDS)('shows no stop string of a model of %s (OC-ADAPT-5010)', async (kind) => {
    const { connection } = await start({ kind });
    const sampling = { ...ENDLESS.sampling, stop: [' four'] };
    const { text: answer, events } = await run(connection, { ...ENDLESS, sampling });
    expect(answer).toBe(' two three');
    expect(events.at(-1)).toMatchObject({ finish: 'stop' });
  });

  it('reports the versions of server and backend (OC-ADAPT-5070)', async () => {
    const { connection } = await start({ kind: 'vllm' }, { backend_version: '0.12.0' }, { contextTokens: 700 });
    expect(await connection.describe(NEVER)).toMatchObject({
      engineVersion: '2.73.0 vllm/0.12.0',
      modelDigest: 'triton:tiny:1:vllm',
      slots: 4,
      contextTokens: 700,
      determinism: 'best_effort',
      seedBits: 31,
      features: { chat: false, usage: 'stream' },
    });
  });

  it('asks for the model and version of its options (ORCH-3057)', async () => {
    const { connection, fake } = await start({ model: 'ensemble' }, { model_name: 'ensemble' });
    await run(connection, request(text(' one')));
    expect(fake.stats.calls['POST /v2/models/ensemble/generate_stream']).toBe(1);
    const pinned = await start({}, { model_version: '3' });
    await pinned.connection.health(NEVER);
    expect(pinned.fake.stats.calls['GET /v2/models/tiny/versions/3/ready']).toBe(1);
  });

  it('loads a model when it connects and unloads it when it closes (ORCH-3057)', async () => {
    const { connection, fake } = await start({ control: 'explicit', loadMs: 40 }, { load: true });
    expect(await connection.health(NEVER)).toEqual({ state: 'loading', reason: 'loading' });
    expect(await settled(connection)).toEqual({ state: 'ready' });
    expect((await run(connection, request(text(' one')))).error).toBeUndefined();
    await connection.close();
    expect(fake.stats.calls['POST /v2/repository/models/tiny/unload']).toBe(1);
  });

  it('leaves a model alone that was loaded by somebody else (ORCH-3057)', async () => {
    const { connection, fake } = await start({}, { load: true });
    await connection.close();
    expect(Object.keys(fake.stats.calls).filter((route) => /load/.test(route))).toEqual([]);
  });

  it('says that a server loads no models on request (ORCH-3057)', async () => {
    const { connection } = await start({ isLoaded: false }, { load: true });
    expect(await settled(connection)).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/start it with --model-control-mode=explicit/),
    });
  });

  it('promises equal bytes only for one slot, one instance and no batches (ORCH-3057)', async () => {
    const exact = { determinism: 'exact' };
    const { connection } = await start({ kind: 'vllm' }, exact, { slots: 1 });
    expect((await connection.describe(NEVER)).determinism).toBe('exact');
    await expect(start({}, exact, { slots: 2 })).rejects.toThrow(/needs slots: 1; it has 2/);
    const several = await start({ kind: 'vllm', instances: 2, isBatched: true }, exact, { slots: 1 });
    await expect(several.connection.describe(NEVER)).rejects.toThrow(/2 instances and it batches requests/);
  });

  it('refuses conversations and schemas, which Triton cannot keep (ORCH-3057)', async () => {
    const { connection, fake } = await start();
    for (const wanted of [request(chat('hello')), request(text('a'), { jsonSchema: {} })]) {
      expect((await run(connection, wanted)).error).toMatchObject({ code: 'invalid-input', reason: 'not_supported' });
    }
    expect(fake.stats.generations).toBe(0);
  });

  it('reads the gauges of the backend, or none (OC-ADAPT-5060)', async () => {
    const { connection } = await start();
    expect(await connection.scrape!(NEVER)).toEqual({ running: 0, waiting: 0, kvShare: 0 });
    expect((await connection.describe(NEVER)).features.cancelConfirmed).toBe(true);
    const without = await start({ metrics: false });
    expect(await without.connection.scrape!(NEVER)).toEqual({});
    expect((await without.connection.describe(NEVER)).features.cancelConfirmed).toBe(false);
  });

  it('sends its key in the header that the server asks for (ORCH-3057)', async () => {
    process.env.LLORCH_TRITON_TEST_KEY = 'sesame';
    const { connection, fake } = await start(
      {},
      { api_key_env: 'LLORCH_TRITON_TEST_KEY', api_key_header: 'Infer-Key' },
    );
    delete process.env.LLORCH_TRITON_TEST_KEY;
    await run(connection, request(text(' one')));
    expect(fake.stats.lastHeaders).toMatchObject({ 'infer-key': 'sesame' });
    expect(fake.stats.lastHeaders).not.toHaveProperty('authorization');
  });
});

/** Health once the engine has loaded, or could not. */
async function settled(connection: EngineConnection): Promise<EngineHealth> {
  let health = await connection.health(NEVER);
  for (; health.state === 'loading'; health = await connection.health(NEVER)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  return health;
}
