import { startFakeTgi } from '../../../test/support/fake-engines/tgi.js';
import { type FakeTritonOptions, startFakeTriton } from '../../../test/support/fake-engines/triton.js';
import { startFakeVllm } from '../../../test/support/fake-engines/vllm.js';
import { startPage, startSshBanner } from '../../../test/support/wrong-servers.js';
import { tritonOptions } from '../src/index.js';
import { closeAll, closing, connectTo, NEVER, start } from './support/fixture.js';

interface Opened {
  readonly url: string;
}

const OTHER = { model: { ref: 'large', id: 'large' } };
const triton = async (options: FakeTritonOptions = {}): Promise<Opened> => closing(await startFakeTriton(options));

/** Mistakes: what listens at the url, the options, the changes of the endpoint, and what must be said. */
const MISTAKES: readonly [string, () => Promise<Opened>, object, object, string, RegExp][] = [
  ['nothing listens', async () => ({ url: 'http://127.0.0.1:1' }), {}, {}, 'unreachable', /cannot be reached/],
  ['no such host', async () => ({ url: 'http://engine.invalid' }), {}, {}, 'unreachable', /cannot be reached/],
  ['a vLLM', async () => closing(await startFakeVllm()), {}, {}, 'wrong_engine', /no Triton server/],
  ['a TGI', async () => closing(await startFakeTgi()), {}, {}, 'wrong_engine', /no Triton server/],
  ['a page', async () => closing(await startPage('<html>welcome</html>')), {}, {}, 'wrong_engine', /\/v2/],
  ['an SSH server', async () => closing(await startSshBanner()), {}, {}, 'bad_stream', /not the expected HTTP/],
  ['no key', () => triton({ apiKey: 'sesame' }), {}, {}, 'engine_auth', /key/],
  ['another model', () => triton(), {}, OTHER, 'model_missing', /no model large\. It has tiny, preprocessing/],
  ['a wrong model_name', () => triton(), { model_name: 'small' }, {}, 'model_missing', /no model small/],
  [
    'a model that is not loaded',
    () => triton({ control: 'explicit' }),
    {},
    {},
    'model_not_ready',
    /not ready; load it/,
  ],
  [
    'fields of another backend',
    () => triton({ kind: 'vllm' }),
    { fields: 'trtllm-api' },
    {},
    'wrong_fields',
    /takes no sampling_param_max_tokens.*option fields/,
  ],
];

describe('triton adapter and mistakes of operators', () => {
  afterEach(closeAll);

  it.each(MISTAKES)('says which: %s (ORCH-3057)', async (_, open, options, changes, reason, words) => {
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

  it.each([
    ['no url', {}, { url: undefined }, /needs endpoint/],
    ['a url of another kind', {}, { url: 'ftp://host' }, /http:\/\/ or https/],
    ['a password in the url', {}, { url: 'http://u:p@127.0.0.1:1' }, /user name or password/],
    ['a variable that is not set', { api_key_env: 'LLORCH_NO_SUCH_KEY' }, {}, /LLORCH_NO_SUCH_KEY/],
  ])('does not connect with %s (ORCH-3057)', async (_, options, changes, words) => {
    await expect(connectTo('http://127.0.0.1:1', options, changes)).rejects.toThrow(words);
  });

  it('shows no key in its logs (ORCH-3057)', async () => {
    process.env.LLORCH_TRITON_TEST_KEY = 'sesame';
    const { connection, logs } = await start({ apiKey: 'sesame' }, { api_key_env: 'LLORCH_TRITON_TEST_KEY' });
    delete process.env.LLORCH_TRITON_TEST_KEY;
    expect((await connection.health(NEVER)).state).toBe('ready');
    expect(logs.join()).not.toContain('sesame');
  });

  it('refuses options that it does not know, and a key in the config (ORCH-4504)', () => {
    for (const options of [
      { keys: 'x' },
      { api_key_env: 'nv 12 34' },
      { fields: 'acme' },
      { fields: { inputs: { odd: 'x' } } },
      { model_version: 'latest' },
      { metrics_url: 'file:///etc' },
    ]) {
      expect(tritonOptions.safeParse(options).success).toBe(false);
    }
  });
});
