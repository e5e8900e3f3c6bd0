import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CatalogModel, type PoolHealth } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { terminalOf } from '../support/read-events.js';
import { startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

const HAIKU = readFileSync(new URL('../../plugins/engine-embedded/models/haiku-nano.gguf', import.meta.url));
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const DIGEST = digestOf(HAIKU);

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-weights-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The model as others would have it: it loads as well, and is not the one that was asked for. */
function tampered(): Buffer {
  const bytes = Buffer.from(HAIKU);
  bytes.write('other-nano', bytes.indexOf('haiku-nano'));
  return bytes;
}

function save(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  // A new file takes its place at once, as those who are careful do.
  writeFileSync(`${path}.new`, bytes);
  renameSync(`${path}.new`, path);
  return path;
}

/** Its engine is a process of its own, which a busy machine may leave without a turn for seconds. */
const PROBE = { interval_ms: 500, timeout_ms: 20_000, heartbeat_stale_ms: 30_000 };
const poolOf = (model: string) => ({ id: 'haiku', engine: 'embedded', model, probe: PROBE });
const start = (model: string, ready: readonly string[] = [], catalog: object = {}) =>
  startTestApp({ pools: [poolOf(model)], catalog: { weights_dir: join(folder, 'weights'), ...catalog } }, ready);
const add = (app: TestApp, body: object) => app.call<CatalogModel>('/v1/catalog/models', { method: 'POST', body });
const modelOf = async (app: TestApp, id: string) => (await app.call<CatalogModel>(`/v1/catalog/models/${id}`)).body;
const health = async (app: TestApp) => (await app.call<PoolHealth>('/v1/pools/haiku/health')).body;
const task = (model_ref: string) => ({
  ...{ workload: 'completion', model_ref, priority: 'interactive', prompt: 'a frog', max_tokens: 4 },
});

async function servedDigest(app: TestApp, ref: string): Promise<string | null> {
  const { task_id } = await app.submit(task(ref));
  expect(terminalOf(await app.frames(task_id)).event).toBe('end');
  return (await app.task(task_id)).model_digest;
}

describe('Weights that nobody supplied a digest for', () => {
  it('are served without a wait, and their digest is known soon after (ORCH-3062, ORCH-3068)', async () => {
    const app = await start(`file:${save('own.gguf', HAIKU)}`, ['haiku']);
    expect(await servedDigest(app, 'own')).toBe(DIGEST);
    await eventually(async () =>
      expect(await modelOf(app, 'own')).toMatchObject({ digest: DIGEST, local: true, size_bytes: HAIKU.length }),
    );
    expect(await servedDigest(app, DIGEST)).toBe(DIGEST);
  });

  it('may lie below the model root, and nowhere above it (ORCH-3090, ORCH-4606)', async () => {
    mkdirSync(join(folder, 'weights/team'), { recursive: true });
    save('weights/team/haiku.gguf', HAIKU);
    const app = await start('team/haiku.gguf', ['haiku']);
    expect(await servedDigest(app, 'team/haiku.gguf')).toBe(DIGEST);
  });
});

describe('A supplied digest', () => {
  it('gives a pool that waits for its model the weights to load, and is enforced at each load (ORCH-3037-v31, ORCH-3042)', async () => {
    const app = await start('tiny');
    await eventually(async () => expect((await health(app)).last_error?.reason).toBe('model_missing'));
    const unready = expectProblem(await app.post(task('tiny')), 503, 'POOL_UNREADY');
    expect(unready).toMatchObject({
      retriable: false,
      message: expect.stringContaining('llama-orch models pull tiny'),
    });

    const path = save('tiny.gguf', HAIKU);
    expect((await add(app, { id: 'tiny', digest: DIGEST, source_url: `file:${path}` })).status).toBe(201);
    await app.untilReady('haiku');
    expect(await servedDigest(app, 'tiny')).toBe(DIGEST);

    save('tiny.gguf', tampered());
    const reload = await app.call('/v1/pools/haiku/reload', { method: 'POST', body: { new_model_ref: 'tiny' } });
    const refusal = expectProblem(reload, 409, 'CONFLICT');
    expect(refusal).toMatchObject({
      failed_step: 'verify',
      cause: { code: 'digest_mismatch' },
      serving: { model_digest: DIGEST },
    });
    expect(reload.text).not.toContain(folder);
    expect(await servedDigest(app, 'tiny')).toBe(DIGEST);

    const state = (body: object) => app.call('/v1/catalog/models/tiny/state', { method: 'POST', body });
    await state({ state: 'Retired', deadline_ms: 0 });
    await eventually(async () => expect((await health(app)).state).toBe('stopped'));
    await state({ state: 'Active' });
    await eventually(async () =>
      expect(await health(app)).toMatchObject({ state: 'failed', last_error: { reason: 'digest_mismatch' } }),
    );
    expectProblem(await app.post(task('tiny')), 503, 'POOL_UNAVAILABLE');

    save('tiny.gguf', HAIKU);
    const back = await app.call('/v1/pools/haiku/reload', { method: 'POST', body: { new_model_ref: 'tiny' } });
    expect(back.status).toBe(200);
    expect(await servedDigest(app, 'tiny')).toBe(DIGEST);
  });

  it('of what an engine brings along is compared with what the engine says, before any task (ORCH-3037-v31)', async () => {
    const app = await start('haiku-nano', ['haiku']);
    const wrong = `sha256:${'0'.repeat(64)}`;
    expect((await add(app, { id: 'also', digest: wrong, aliases: ['nano'] })).status).toBe(201);
    expect(await servedDigest(app, 'haiku-nano')).toBe(DIGEST);
    const reload = await app.call('/v1/pools/haiku/reload', { method: 'POST', body: { new_model_ref: 'also' } });
    expectProblem(reload, 409, 'CONFLICT');
    expect(await servedDigest(app, 'haiku-nano')).toBe(DIGEST);
  });

  it('that a verification finds broken keeps the model from its next start, and leaves the running one (ORCH-3064, ORCH-3042)', async () => {
    const path = save('checked.gguf', HAIKU);
    const app = await start(`file:${path}`, ['haiku']);
    await eventually(async () => expect((await modelOf(app, 'checked')).digest).toBe(DIGEST));
    await add(app, { id: 'checked', digest: DIGEST, source_url: `file:${path}` });
    save('checked.gguf', tampered());
    await app.call('/v1/catalog/models/checked/verify', { method: 'POST' });
    await eventually(async () => expect(await modelOf(app, 'checked')).toMatchObject({ quarantined: true }));
    expect(await servedDigest(app, 'checked')).toBe(DIGEST);
    const again = await app.call('/v1/pools/haiku/reload', { method: 'POST', body: { new_model_ref: 'checked' } });
    expect(expectProblem(again, 409, 'CONFLICT')).toMatchObject({ cause: { code: 'digest_mismatch' } });
    expect(await app.metric('catalog_verifications_total', { result: 'fail', engine: 'embedded' })).toBe(1);
  });
});

describe('Strict trust', () => {
  it('loads nothing that is not proven, and says what is missing (ORCH-3061, ORCH-3067)', async () => {
    const app = await start('haiku-nano', [], { trust_policy: { mode: 'strict' } });
    const { last_error } = await eventually(async () => {
      const found = await health(app);
      expect(found.last_error).not.toBeNull();
      return found;
    });
    expect(last_error).toMatchObject({ reason: 'model_unusable', message: expect.stringContaining('not trusted') });
  });
});
