import { startFakeOpenAi } from '../../../test/support/fake-engines/openai.js';
import { startFakeTgi } from '../../../test/support/fake-engines/tgi.js';
import { startFakeVllm } from '../../../test/support/fake-engines/vllm.js';
import {
  type FakeLlamaOptions,
  startFakeLlamaServer,
} from '../../../test/support/fake-llama-server/fake-llama-server.js';
import { startPage, startSshBanner } from '../../../test/support/wrong-servers.js';
import { llamaCppOptions } from '../src/index.js';
import { closeAll, closing, connectTo, NEVER, request, run, start, text } from './support/fixture.js';

interface Opened {
  readonly url: string;
}

const llama = async (options: FakeLlamaOptions = {}): Promise<Opened> => closing(await startFakeLlamaServer(options));
const below = async (path: string): Promise<Opened> => ({ url: `${(await llama()).url}${path}` });
const OTHER = { model: { ref: 'other', id: 'other' } };

/** Mistakes: what listens at the url, the options, the changes of the endpoint, and what must be said. */
const MISTAKES: readonly [string, () => Promise<Opened>, object, object, string, RegExp][] = [
  ['nothing listens', async () => ({ url: 'http://127.0.0.1:1' }), {}, {}, 'unreachable', /cannot be reached/],
  ['no such host', async () => ({ url: 'http://engine.invalid' }), {}, {}, 'unreachable', /cannot be reached/],
  ['a wrong path', () => below('/llm'), {}, {}, 'wrong_url', /not at this path/],
  ['a page', async () => closing(await startPage('<html>welcome</html>')), {}, {}, 'wrong_engine', /\/props/],
  ['no such page', async () => closing(await startPage('', 404)), {}, {}, 'wrong_engine', /no llama-server/],
  ['a sick gateway', async () => closing(await startPage('<html>', 502)), {}, {}, 'unhealthy', /status 502/],
  ['an SSH server', async () => closing(await startSshBanner()), {}, {}, 'bad_stream', /not the expected HTTP/],
  ['a vLLM', async () => closing(await startFakeVllm()), {}, {}, 'wrong_engine', /Use the engine vllm/],
  ['a TGI', async () => closing(await startFakeTgi()), {}, {}, 'wrong_engine', /no llama-server/],
  ['another server', async () => closing(await startFakeOpenAi()), {}, {}, 'wrong_engine', /Use the engine openai/],
  ['a router', () => llama({ router: true }), {}, {}, 'router_mode', /router mode.*--model/],
  ['no key', () => llama({ apiKey: 'sesame' }), {}, {}, 'engine_auth', /refused the operator's key/],
  ['a wrong key', () => llama({ apiKey: 'sesame' }), { api_key_env: 'PATH' }, {}, 'engine_auth', /check the key/],
  ['another model', llama, {}, OTHER, 'model_missing', /serves tiny\.gguf, not other/],
  ['not the served_model', llama, { served_model: 'a/b.gguf' }, {}, 'model_missing', /not b\.gguf/],
];

describe('llamacpp adapter and mistakes of operators', () => {
  afterEach(closeAll);

  it.each(MISTAKES)('says which: %s (ORCH-3054)', async (_, open, options, changes, reason, words) => {
    const { url } = await open();
    const error = await connectTo(url, options, changes).then(
      async ({ connection }) => {
        const health = await connection.health(NEVER);
        expect(health).toMatchObject({ state: 'failed', reason: health.error?.message });
        return health.error;
      },
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'EngineError', reason, message: expect.stringMatching(words) });
  });

  it.each([
    ['the file that the server names', {}, { model: { ref: 'TINY.gguf', id: 'TINY.gguf' } }],
    ['a folder of its own', {}, { model: { ref: 'acme/tiny', id: 'acme/tiny' } }],
    ['served_model', { served_model: 'tiny' }, OTHER],
    ['a local file', {}, { model: { ref: 'file:/w/a.gguf', id: 'a', path: '/w/a.gguf' } }],
  ])('takes a model by %s (ORCH-3054)', async (_, options, changes) => {
    const { connection } = await start({}, options, changes);
    expect(await connection.health(NEVER)).toEqual({ state: 'ready' });
  });

  it('takes a url that ends in /v1 (ORCH-3054)', async () => {
    const { connection } = await connectTo((await below('/v1')).url);
    expect((await run(connection, request(text(' one')))).text).not.toBe('');
  });

  it('connects with the key, whose name alone stands in the config (OC-ADAPT-5001)', async () => {
    process.env.LLORCH_LLAMACPP_TEST_KEY = 'sesame';
    const { connection, logs } = await start({ apiKey: 'sesame' }, { api_key_env: 'LLORCH_LLAMACPP_TEST_KEY' });
    delete process.env.LLORCH_LLAMACPP_TEST_KEY;
    expect((await run(connection, request(text(' one')))).text).not.toBe('');
    expect(logs.join()).not.toContain('sesame');
  });

  it('tells a server that loads from one that is wrong (ORCH-3054)', async () => {
    const { connection } = await start({ loadingMs: 60_000 });
    await expect(connection.describe(NEVER)).rejects.toMatchObject({ code: 'unavailable', reason: 'loading' });
    expect(await connection.health(NEVER)).toEqual({ state: 'loading', reason: 'loading' });
  });

  it.each([
    ['no url', {}, { url: undefined }, /needs endpoint/],
    ['a url of another kind', {}, { url: 'ftp://host' }, /http:\/\/ or https/],
    ['a password in the url', {}, { url: 'http://u:p@127.0.0.1:1' }, /user name or password/],
    ['a variable that is not set', { api_key_env: 'LLORCH_NO_SUCH_KEY' }, {}, /LLORCH_NO_SUCH_KEY/],
  ])('does not connect with %s (ORCH-3054)', async (_, options, changes, words) => {
    await expect(connectTo('http://127.0.0.1:1', options, changes)).rejects.toThrow(words);
  });

  it('refuses options that it does not know, and a key in the config (ORCH-4504)', () => {
    expect(llamaCppOptions.safeParse({ api_key: 'x' }).success).toBe(false);
    expect(llamaCppOptions.safeParse({ api_key_env: 'sk-12 34' }).success).toBe(false);
    expect(llamaCppOptions.safeParse({ workloads: [] }).success).toBe(false);
  });
});
