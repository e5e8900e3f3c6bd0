import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CatalogModel, type PoolHealth, type PoolReloaded } from '@llama-orch/client';
import { COMMIT } from '../../plugins/source-huggingface/test/hub.js';
import { eventually } from '../support/eventually.js';
import { ModelServer } from '../support/model-server.js';
import { terminalOf } from '../support/read-events.js';
import { startTestApp, type TestApp } from '../support/start-app.js';
import { digestOfBytes } from '../support/weights.js';
import { expectProblem } from './contract.js';

const HAIKU = readFileSync(new URL('../../plugins/engine-embedded/models/haiku-nano.gguf', import.meta.url));
const DIGEST = digestOfBytes(HAIKU);
const REF = 'hf:team/pond/frog.gguf@main';
/** The engine is a process of its own, which a busy machine may leave without a turn for seconds. */
const PROBE = { interval_ms: 500, timeout_ms: 20_000, heartbeat_stale_ms: 30_000 };
const BYTES = `/team/pond/resolve/${COMMIT}/frog.gguf`;

let server: ModelServer;
let folder: string;
const apps: TestApp[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-weights-'));
  server = await ModelServer.start();
  server.file(BYTES, HAIKU);
  server.route('/api/models/team/pond/', (_request, response) => {
    const lfs = { sha256: DIGEST.slice('sha256:'.length), size: HAIKU.length };
    response.end(JSON.stringify({ sha: COMMIT, siblings: [{ rfilename: 'frog.gguf', size: HAIKU.length, lfs }] }));
  });
});
afterEach(async () => {
  // Before the folder goes that their engines read from.
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(model: string, { auto_fetch = true, ready = [] as string[] } = {}): Promise<TestApp> {
  const pool = { id: 'pond', engine: 'embedded', model, probe: PROBE };
  const sources = { huggingface: { endpoint: server.url, token_env: 'NO_SUCH_TOKEN' } };
  const fetch = { retries: 0, retry_ms: 1, reserve_bytes: 0 };
  const app = await startTestApp(
    { pools: [pool], egress: { ports: [server.port] }, catalog: { weights_dir: folder, auto_fetch, sources, fetch } },
    ready,
  );
  apps.push(app);
  return app;
}

const task = (model_ref: string) => ({
  ...{ workload: 'completion', model_ref, priority: 'interactive', prompt: 'a frog', max_tokens: 4 },
});
const lastError = async (app: TestApp) => (await app.call<PoolHealth>('/v1/pools/pond/health')).body.last_error?.reason;
const asked = () => server.requests.filter(({ path }) => path === BYTES);

describe('Weights that are not on this machine', () => {
  it('are fetched when a task asks for them, not before; it is told to come again, and is served then (ORCH-3091, ORCH-3062)', async () => {
    const app = await start(REF);
    await eventually(async () => expect(await lastError(app)).toBe('model_missing'));
    expect(server.requests).toEqual([]);
    const refusal = expectProblem(await app.post(task('frog')), 503, 'POOL_UNREADY');
    expect(refusal).toMatchObject({ retriable: true, message: expect.stringContaining('being fetched') });
    await app.untilReady('pond');
    for (const ref of ['frog', REF, DIGEST]) {
      const { task_id } = await app.submit(task(ref));
      expect(terminalOf(await app.frames(task_id)).event).toBe('end');
      expect((await app.task(task_id)).model_digest).toBe(DIGEST);
    }
    const { body } = await app.call<CatalogModel>('/v1/catalog/models/frog');
    expect(body).toMatchObject({ digest: DIGEST, local: true, added_by: 'pool', source_url: REF });
    expect(body.resolved_ref).toBe(`hf:team/pond/frog.gguf@${COMMIT}`);
    expect(asked().length).toBe(1);
  });

  it('are left where they are when the operator wants it so; the refusal names the command (ORCH-3091)', async () => {
    const app = await start(REF, { auto_fetch: false });
    await eventually(async () => expect(await lastError(app)).toBe('model_missing'));
    const refusal = expectProblem(await app.post(task('frog')), 503, 'POOL_UNREADY');
    expect(refusal).toMatchObject({
      retriable: false,
      message: expect.stringContaining('llama-orch models pull frog'),
    });
    expect(server.requests).toEqual([]);
    await app.call('/v1/catalog/models/frog/fetch', { method: 'POST' });
    await app.untilReady('pond');
  });

  it('are fetched by the reload that names them, while the old model serves (ORCH-2102, ORCH-3062)', async () => {
    const app = await start('haiku-nano', { ready: ['pond'] });
    const body = { new_model_ref: REF };
    const { status, body: done } = await app.call<PoolReloaded>('/v1/pools/pond/reload', { method: 'POST', body });
    expect([status, done.model_digest]).toEqual([200, DIGEST]);
    expect(app.lines.filter(({ event }) => event === 'reload').map((line) => line['step'])).toContain('stage');
    expectProblem(await app.call('/v1/catalog/models/frog', { method: 'DELETE' }), 409, 'CONFLICT');
  });

  it('that are not what was promised reach no engine (ORCH-4606, ORCH-3037)', async () => {
    const app = await start('haiku-nano', { ready: ['pond'] });
    const bad = { id: 'bad', digest: `sha256:${'0'.repeat(64)}`, source_url: REF };
    expect((await app.call('/v1/catalog/models', { method: 'POST', body: bad })).status).toBe(201);
    const body = { new_model_ref: 'bad' };
    const refused = expectProblem(await app.call('/v1/pools/pond/reload', { method: 'POST', body }), 409, 'CONFLICT');
    expect(refused).toMatchObject({ failed_step: 'stage', serving: { model_ref: 'haiku-nano' } });
    expect((await app.call<CatalogModel>('/v1/catalog/models/bad')).body.local).toBe(false);
  });
});
