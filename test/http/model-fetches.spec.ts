import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CatalogModel, type ModelFetch, type ModelInspection } from '@llama-orch/client';
import { COMMIT } from '../../plugins/source-huggingface/test/hub.js';
import { eventually } from '../support/eventually.js';
import { ModelServer } from '../support/model-server.js';
import { mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { digestOfBytes, weights } from '../support/weights.js';

const BODY = weights(40_000);
const DIGEST = digestOfBytes(BODY);
const REF = 'hf:team/pond/a.gguf';

let server: ModelServer;
let folder: string;
let app: TestApp;
/** What the server does with the n-th question for the bytes. */
let misbehave: Parameters<ModelServer['file']>[2];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-fetches-'));
  server = await ModelServer.start();
  misbehave = undefined;
  server.file(`/team/pond/resolve/${COMMIT}/a.gguf`, BODY, (request, count) => misbehave?.(request, count));
  server.route('/api/models/team/pond/', (_request, response) => {
    const lfs = { sha256: DIGEST.slice('sha256:'.length), size: BODY.length };
    response.end(JSON.stringify({ sha: COMMIT, siblings: [{ rfilename: 'a.gguf', size: BODY.length, lfs }] }));
  });
  app = await startTestApp({
    pools: [mockPool()],
    egress: { ports: [server.port] },
    catalog: {
      weights_dir: folder,
      fetch: { retries: 0, retry_ms: 1, reserve_bytes: 0 },
      sources: { huggingface: { endpoint: server.url, token_env: 'NO_SUCH_TOKEN' } },
    },
  });
});
afterEach(async () => {
  await app.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const post = <Body>(path: string, body?: object) => app.call<Body>(path, { method: 'POST', ...(body && { body }) });
const until = (id: string, state: ModelFetch['state']) =>
  eventually(async () => {
    const { body } = await app.call<ModelFetch>(`/v1/catalog/fetches/${id}`);
    if (body.state !== state) throw new Error(`it is ${body.state}: ${body.error}`);
    return body;
  });

describe('fetching weights through the API', () => {
  it('starts, tells how far it is, and ends with the digest (ORCH-3090, ORCH-3042)', async () => {
    const { status, body } = await post<ModelFetch>('/v1/catalog/fetches', { ref: REF });
    expect(status).toBe(202);
    const done = await until(body.id, 'done');
    expect(done).toMatchObject({ ref: REF, bytes: BODY.length, percent: 100, digest: DIGEST, error: null });
    expect(readdirSync(join(folder, 'models'))).toEqual([DIGEST.slice('sha256:'.length)]);
    const { body: list } = await app.call<{ items: ModelFetch[] }>('/v1/catalog/fetches');
    expect(list.items).toEqual([done]);
  });

  it('tells everything as events, the end last (ORCH-3091)', async () => {
    const { body } = await post<ModelFetch>('/v1/catalog/fetches', { ref: REF });
    const { text } = await app.call(`/v1/catalog/fetches/${body.id}/events`);
    const events = [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(
      ([, event, data]) => [event, JSON.parse(data!) as ModelFetch] as const,
    );
    expect(events.at(-1)).toMatchObject(['end', { state: 'done', digest: DIGEST }]);
    expect(events.slice(0, -1).every(([event]) => event === 'progress')).toBe(true);
    const bytes = events.map(([, data]) => data.bytes);
    expect(bytes).toEqual(bytes.toSorted((a, b) => a - b));
  });

  it('looks at a model before it is fetched (ORCH-3062)', async () => {
    const { status, body } = await post<ModelInspection>('/v1/catalog/inspections', { ref: REF, ctx: 100, slots: 2 });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ pinned_ref: `${REF}@${COMMIT}`, revision: COMMIT, digest: DIGEST, size_bytes: BODY.length, ctx: 100 },
      // 2 layers × 4 heads × (16 + 16) numbers × 2 bytes, for 100 tokens of 2 requests.
      ...{ weights_bytes: BODY.length, kv_bytes: 512 * 100 * 2, fit: 'unknown', devices_bytes: [] },
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is called off, keeps what came, and goes on from there (ORCH-3042)', async () => {
    misbehave = (_request, count) => (count === 1 ? { type: 'stall', after: 100_000 } : undefined);
    const { body } = await post<ModelFetch>('/v1/catalog/fetches', { ref: REF });
    await eventually(async () => {
      const { body: now } = await app.call<ModelFetch>(`/v1/catalog/fetches/${body.id}`);
      if (now.bytes < 100_000) throw new Error(`${now.bytes} bytes`);
    });
    expect((await app.call(`/v1/catalog/fetches/${body.id}`, { method: 'DELETE' })).status).toBe(204);
    await until(body.id, 'cancelled');
    await post('/v1/catalog/fetches', { ref: REF });
    await until(body.id, 'done');
    const asked = server.requests.filter(({ path }) => path.startsWith('/team/pond/resolve/'));
    expect(asked.map(({ from }) => from)).toEqual([undefined, 100_000]);
  });

  it('fetches a model of the catalog, which shows it (ORCH-3091)', async () => {
    await post('/v1/catalog/models', { id: 'pond', digest: DIGEST, source_url: REF });
    const before = await app.call<CatalogModel>('/v1/catalog/models/pond');
    expect(before.body).toMatchObject({ local: false, fetch: null });
    const { status, body } = await post<ModelFetch>('/v1/catalog/models/pond/fetch');
    expect(status).toBe(202);
    await until(body.id, 'done');
    const { body: model } = await app.call<CatalogModel>('/v1/catalog/models/pond');
    expect(model).toMatchObject({ local: true, fetch: { state: 'done', digest: DIGEST } });
  });

  it('says why it failed, and loads nothing (ORCH-3042)', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const { body } = await post<ModelFetch>('/v1/catalog/fetches', { ref: REF, digest });
    expect(await until(body.id, 'failed')).toMatchObject({ error: expect.stringContaining('nothing was fetched') });
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    [{ ref: 'pond' }, '/ref'],
    [{ ref: 'file:/etc/passwd' }, '/ref'],
    [{ ref: 'hf:../a' }, '/ref'],
    [{ ref: REF, digest: 'sha256:1' }, '/digest'],
    [{ ref: REF, more: 1 }, '/more'],
    [{}, '/ref'],
  ])('refuses %j, and asks nobody (ORCH-3090)', async (wanted, pointer) => {
    const { status, body } = await post<{ errors: { pointer: string }[] }>('/v1/catalog/fetches', wanted);
    expect(status).toBe(400);
    expect(body.errors[0]?.pointer).toBe(pointer);
    expect(server.requests).toEqual([]);
  });

  it('knows no other fetch', async () => {
    expect((await app.call(`/v1/catalog/fetches/${'0'.repeat(24)}`)).status).toBe(404);
    expect((await app.call(`/v1/catalog/fetches/${'0'.repeat(24)}/events`)).status).toBe(404);
    expect((await app.call(`/v1/catalog/fetches/${'0'.repeat(24)}`, { method: 'DELETE' })).status).toBe(404);
  });
});
