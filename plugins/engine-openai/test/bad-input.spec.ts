import { startFakeOpenAi } from '../../../test/support/fake-engines/openai.js';
import { startPage, startSshBanner } from '../../../test/support/wrong-servers.js';
import { closeAll, closing, connectTo, NEVER } from './support/fixture.js';

type Opened = { readonly url: string };

/** What an operator may have behind the url of a pool by mistake, and the words that tell it. */
const MISTAKES: readonly (readonly [string, () => Promise<Opened>, object, string, RegExp])[] = [
  ['nothing', async () => ({ url: 'http://127.0.0.1:1' }), {}, 'unreachable', /cannot be reached.*url/],
  ['a web page', async () => closing(await startPage('<html>hi</html>')), {}, 'wrong_url', /no list of models/],
  ['an engine of another kind', async () => closing(await startPage('', 404)), {}, 'wrong_url', /not speak the OpenAI/],
  ['no HTTP', async () => closing(await startSshBanner()), {}, 'bad_stream', /not the expected HTTP/],
  [
    'a wrong key',
    () => openAi({ apiKey: 'right' }),
    { api_key_env: 'PATH' },
    'engine_auth',
    /refused.*key of the pool/,
  ],
  ['another model', () => openAi({ model: 'b' }), {}, 'model_missing', /does not serve the model tiny; it serves b/],
  ['a path without its version', withPath, {}, 'wrong_url', /it answered 404.*check the url/],
];

describe('openai adapter and mistakes of operators', () => {
  afterEach(closeAll);

  it.each(MISTAKES)('says which: %s (ORCH-3032)', async (_, open, options, reason, words) => {
    const { url } = await open();
    const error = await connectTo(url, options).then(
      async ({ connection }) => (await connection.health(NEVER)).error,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'EngineError', reason, message: expect.stringMatching(words) });
  });

  it('takes the tag that Ollama adds for the same model (ORCH-3032)', async () => {
    const { url } = await openAi({ model: 'tiny:latest' });
    const { connection } = await connectTo(url);
    expect((await connection.health(NEVER)).state).toBe('ready');
  });
});

async function openAi(options: object = {}): Promise<Opened> {
  return closing(await startFakeOpenAi(options));
}

async function withPath(): Promise<Opened> {
  return { url: `${(await openAi()).url}/api` };
}
