import { readFileSync } from 'node:fs';
import { type Capabilities, type CatalogModelList } from '@llama-orch/client';
import { COMMIT } from '../../plugins/source-huggingface/test/hub.js';
import { buildProgram, type Services } from '../../src/cli/program.js';
import { TestIo } from '../contract/support/test-io.js';
import { ModelServer } from '../support/model-server.js';
import { terminalOf } from '../support/read-events.js';
import { startTestApp, type TestApp } from '../support/start-app.js';
import { digestOfBytes } from '../support/weights.js';

const REF = 'hf:team/pond/frog-q4.gguf';
const FROG = Buffer.from(
  readFileSync(new URL('../../plugins/engine-embedded/models/haiku-nano.gguf', import.meta.url)),
);
// A real model that is not the bundled one.
FROG.write('frog-nano!', FROG.indexOf('haiku-nano'));
const DIGEST = digestOfBytes(FROG);

let server: ModelServer;
let app: TestApp;
beforeAll(async () => {
  server = await ModelServer.start();
  server.file(`/team/pond/resolve/${COMMIT}/frog-q4.gguf`, FROG);
  server.route('/api/models/team/pond/', (_request, response) => {
    const lfs = { sha256: DIGEST.slice('sha256:'.length), size: FROG.length };
    response.end(JSON.stringify({ sha: COMMIT, siblings: [{ rfilename: 'frog-q4.gguf', size: FROG.length, lfs }] }));
  });
  app = await startTestApp({
    pools: [{ id: 'pond', engine: 'embedded', model: 'haiku-nano', reload: { min_speed: 0 } }],
    egress: { ports: [server.port] },
    catalog: {
      fetch: { reserve_bytes: 0 },
      sources: { huggingface: { endpoint: server.url, token_env: 'NO_SUCH_TOKEN' } },
    },
  });
});
afterAll(() => server.close());

async function cli(...argv: readonly string[]): Promise<{ out: string; err: string; code: number }> {
  const io = new TestIo({ env: { LLORCH_URL: app.url }, cwd: app.folder });
  let code = 0;
  const program = buildProgram(io, {} as Services, (set) => (code = set));
  await program.parseAsync([...argv], { from: 'user' });
  return { out: io.out, err: io.err, code };
}

const models = async () => (await app.call<CatalogModelList>('/v1/catalog/models')).body.items;

describe('A model that was pulled', () => {
  it('is in the catalog under the name of its file, and serves by that name (ORCH-3090, ORCH-3062, ORCH-2102)', async () => {
    const { out, err } = await cli('models', 'pull', REF);
    expect(out).toBe(`${DIGEST}\n`);
    expect(err).toContain('in the catalog as frog-q4: name it in a pool with model: frog-q4');
    const facts = { digest: DIGEST, source_url: `${REF}@${COMMIT}`, state: 'Active', local: true };
    expect((await models()).find(({ id }) => id === 'frog-q4')).toMatchObject({ ...facts, size_bytes: FROG.length });

    expect((await cli('pools', 'reload', 'pond', '--model', 'frog-q4')).code).toBe(0);
    const { body } = await app.call<Capabilities>('/v1/capabilities');
    expect(body.engines[0]!.pools[0]!.model_digest).toBe(DIGEST);
    const asked = { workload: 'completion', model_ref: 'frog-q4', priority: 'interactive', prompt: 'a frog' };
    const { task_id } = await app.submit({ ...asked, max_tokens: 4 });
    expect(terminalOf(await app.frames(task_id)).event).toBe('end');
    expect((await app.task(task_id)).model_digest).toBe(DIGEST);
  });

  it('is pulled again without more of it than the head that tells whether it fits, and stays one model (ORCH-3042)', async () => {
    const [asked, known] = [server.requests.length, (await models()).length];
    await cli('models', 'pull', REF);
    const { err } = await cli('models', 'pull', 'frog-q4');
    expect(err).not.toContain('not in the catalog');
    expect((await models()).length).toBe(known);
    const ranges = server.requests.slice(asked).flatMap(({ headers }) => headers.range ?? []);
    expect(ranges).toEqual(['bytes=0-262143']);
  });
});
