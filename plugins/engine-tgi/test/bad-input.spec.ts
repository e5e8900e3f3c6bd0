import { startFakeLlamaServer } from '../../../test/support/fake-llama-server/fake-llama-server.js';
import { startFakeTgi } from '../../../test/support/fake-engines/tgi.js';
import { startFakeVllm } from '../../../test/support/fake-engines/vllm.js';
import { startPage, startSshBanner } from '../../../test/support/wrong-servers.js';
import { tgiOptions } from '../src/index.js';
import { closeAll, closing, connectTo, NEVER, start } from './support/fixture.js';

interface Opened {
  readonly url: string;
}

const HUB_MODEL = { model: { ref: 'acme/large', id: 'acme/large' } };

/** Mistakes: what listens at the url, the options, the changes of the endpoint, and what must be said. */
const MISTAKES: readonly [string, () => Promise<Opened>, object, object, string, RegExp][] = [
  ['nothing listens', async () => ({ url: 'http://127.0.0.1:1' }), {}, {}, 'unreachable', /cannot be reached/],
  ['no such host', async () => ({ url: 'http://engine.invalid' }), {}, {}, 'unreachable', /cannot be reached/],
  ['a vLLM', async () => closing(await startFakeVllm()), {}, {}, 'wrong_engine', /no Text Generation Inference/],
  ['a llama-server', async () => closing(await startFakeLlamaServer()), {}, {}, 'wrong_engine', /no Text Generation/],
  ['a page', async () => closing(await startPage('<html>welcome</html>')), {}, {}, 'wrong_engine', /\/info/],
  ['an SSH server', async () => closing(await startSshBanner()), {}, {}, 'bad_stream', /not the expected HTTP/],
  ['no key', async () => closing(await startFakeTgi({ apiKey: 'sesame' })), {}, {}, 'engine_auth', /key/],
  [
    'another model',
    async () => closing(await startFakeTgi()),
    {},
    HUB_MODEL,
    'model_missing',
    /acme\/tiny, not acme\/large/,
  ],
  ['not the model_id', async () => closing(await startFakeTgi()), { model_id: 'b/c' }, {}, 'model_missing', /not b\/c/],
];

describe('tgi adapter and mistakes of operators', () => {
  afterEach(closeAll);

  it.each(MISTAKES)('says which: %s (ORCH-3056)', async (_, open, options, changes, reason, words) => {
    const { url } = await open();
    const error = await connectTo(url, options, changes).then(
      async ({ connection }) => {
        const health = await connection.health(NEVER);
        if (health.state === 'ready') return connection.describe(NEVER).catch((thrown: unknown) => thrown);
        expect(health).toMatchObject({ state: 'failed', reason: health.error?.message });
        return health.error;
      },
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'EngineError', reason, message: expect.stringMatching(words) });
  });

  it('connects with the key, whose name alone stands in the config (ORCH-3056)', async () => {
    process.env.LLORCH_TGI_TEST_KEY = 'sesame';
    const { connection, logs } = await start({ apiKey: 'sesame' }, { api_key_env: 'LLORCH_TGI_TEST_KEY' });
    delete process.env.LLORCH_TGI_TEST_KEY;
    expect(await connection.describe(NEVER)).toMatchObject({ engineVersion: '3.3.6' });
    expect(logs.join()).not.toContain('sesame');
  });

  it.each([
    ['no url', {}, { url: undefined }, /needs endpoint/],
    ['a url of another kind', {}, { url: 'ftp://host' }, /http:\/\/ or https/],
    ['a password in the url', {}, { url: 'http://u:p@127.0.0.1:1' }, /user name or password/],
    ['a variable that is not set', { api_key_env: 'LLORCH_NO_SUCH_KEY' }, {}, /LLORCH_NO_SUCH_KEY/],
  ])('does not connect with %s (ORCH-3056)', async (_, options, changes, words) => {
    await expect(connectTo('http://127.0.0.1:1', options, changes)).rejects.toThrow(words);
  });

  it('refuses options that it does not know, and a key in the config (ORCH-4504)', () => {
    expect(tgiOptions.safeParse({ keys: 'x' }).success).toBe(false);
    expect(tgiOptions.safeParse({ api_key_env: 'hf 12 34' }).success).toBe(false);
    expect(tgiOptions.safeParse({ idle_timeout_ms: 1 }).success).toBe(false);
  });
});
