import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { startFakeLlamaServer } from '../../../test/support/fake-llama-server/fake-llama-server.js';
import { startFakeOpenAi } from '../../../test/support/fake-engines/openai.js';
import { startFakeVllm } from '../../../test/support/fake-engines/vllm.js';
import { startPage, startSshBanner } from '../../../test/support/wrong-servers.js';
import plugin, { vllmOptions } from '../src/index.js';
import { closeAll, closing, connectTo, NEVER } from './support/fixture.js';

type Opened = { readonly url: string };

/** What an operator may have behind the url of a pool by mistake, and the words that tell it. */
const MISTAKES: readonly (readonly [string, () => Promise<Opened>, object, string, RegExp])[] = [
  ['nothing', async () => ({ url: 'http://127.0.0.1:1' }), {}, 'unreachable', /cannot be reached.*url/],
  ['a web page', page, {}, 'wrong_url', /no list of models.*check the url/],
  ['a server without the routes', empty, {}, 'wrong_url', /does not speak the OpenAI API.*check the url/],
  ['a wrong path', withPath, {}, 'wrong_url', /does not speak the OpenAI API/],
  ['something that is no HTTP', ssh, {}, 'bad_stream', /not the expected HTTP/],
  [
    'a wrong key',
    () => vllm({ apiKey: 'right' }),
    { api_key_env: 'PATH' },
    'engine_auth',
    /refused the operator's key/,
  ],
  ['a missing key', () => vllm({ apiKey: 'right' }), {}, 'engine_auth', /check the key/],
  [
    'another model',
    () => vllm({ model: 'other' }),
    {},
    'model_missing',
    /does not serve the model tiny; it serves other/,
  ],
  ['a llama-server', llamaServer, {}, 'wrong_engine', /is no vLLM.*llamacpp/],
  ['another OpenAI-style server', () => openAi(), {}, 'wrong_engine', /is no vLLM/],
];

describe('vllm adapter and mistakes of operators', () => {
  afterEach(closeAll);

  it.each(MISTAKES)('says which: %s (ORCH-3055)', async (_, open, options, reason, words) => {
    const { url } = await open();
    const error = await connectTo(url, options).then(
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
    ['no url', {}, { url: undefined }, /needs endpoint/],
    ['a url of another kind', {}, { url: 'ftp://host' }, /http:\/\/ or https/],
    ['a password in the url', {}, { url: 'http://u:p@127.0.0.1:1' }, /user name or password/],
    ['a variable that is not set', { api_key_env: 'LLORCH_NO_SUCH_KEY' }, {}, /LLORCH_NO_SUCH_KEY/],
  ])('does not connect with %s (ORCH-3055)', async (_, options, changes, words) => {
    const connecting = connectTo('http://127.0.0.1:1', options, changes);
    await expect(connecting).rejects.toThrow(words);
  });

  it.each(['', 'no json', '5', 'null', '[]', '{"count":"3"}'])(
    'says that nothing was counted when /tokenize answers %j (ORCH-3055)',
    async (body) => {
      const { connection } = await connectTo((await miscounting(body)).url);
      const counting = connection.countTokens!({ type: 'text', text: ' one' }, NEVER);
      await expect(counting).rejects.toMatchObject({ name: 'EngineError', code: 'adapter' });
    },
  );

  it('refuses options that it does not know, and a key in the config (ORCH-3055)', () => {
    expect(plugin.options).toBe(vllmOptions);
    expect(vllmOptions.safeParse({ keys: 'x' }).success).toBe(false);
    expect(vllmOptions.safeParse({ api_key_env: 'sk-12 34' }).success).toBe(false);
  });
});

/** A vLLM before which something answers `/tokenize` by itself. */
async function miscounting(body: string): Promise<Opened> {
  const { url } = await vllm({});
  const server = createServer((request, response) => {
    if (request.url === '/tokenize') return void response.end(body);
    const answer = fetch(url + request.url).then(async (reply) =>
      response.writeHead(reply.status).end(await reply.text()),
    );
    void answer.catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => void (server.closeAllConnections(), server.close());
  return closing({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close });
}

async function vllm(options: object): Promise<Opened> {
  return closing(await startFakeVllm(options));
}

async function withPath(): Promise<Opened> {
  return { url: `${(await vllm({})).url}/llm` };
}

async function openAi(): Promise<Opened> {
  return closing(await startFakeOpenAi());
}

async function llamaServer(): Promise<Opened> {
  return closing(await startFakeLlamaServer());
}

async function page(): Promise<Opened> {
  return closing(await startPage('<html>welcome</html>'));
}

async function empty(): Promise<Opened> {
  return closing(await startPage('', 404));
}

async function ssh(): Promise<Opened> {
  return closing(await startSshBanner());
}
