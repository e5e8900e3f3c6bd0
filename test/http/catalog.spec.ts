import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CatalogModel, type CatalogModelList, type VerificationStarted } from '@llama-orch/client';
import { addModel, modelIds, modelOf, modelPath, MODELS, setModelState } from '../support/catalog-calls.js';
import { eventually } from '../support/eventually.js';
import { terminalOf } from '../support/read-events.js';
import { completion, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem, expectSchema } from './contract.js';

const HEX = 'ab'.repeat(32);
const ZERO = `sha256:${'0'.repeat(64)}`;
const digestOf = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-catalog-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function save(name: string, bytes: Buffer | string): string {
  writeFileSync(join(folder, name), bytes);
  return `file:${join(folder, name)}`;
}

async function verified(app: TestApp, id: string): Promise<CatalogModel> {
  const { status, body } = await app.call<VerificationStarted>(modelPath(id, '/verify'), { method: 'POST' });
  expect([status, body.status]).toEqual([202, 'started']);
  return eventually(async () => {
    const found = await modelOf(app, id);
    expect(found.last_verification).toMatchObject({
      id: body.verification_id,
      state: expect.not.stringMatching('running'),
    });
    return found;
  });
}

describe('The catalog', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });

  it('adds a model, reads it, and answers an equal one without a change (ORCH-3060, FR-CP-001)', async () => {
    const bytes = 'weights of a model';
    const body = {
      id: 'org/tiny:1',
      digest: digestOf(bytes),
      source_url: save('tiny.gguf', bytes),
      aliases: ['tiny'],
      tags: ['chat'],
    };
    const first = await addModel(app, body);
    expect(first.status).toBe(201);
    expectSchema('CatalogModel', first.body);
    expect(first.body).toMatchObject({
      ...body,
      state: 'Active',
      local: true,
      size_bytes: bytes.length,
      added_by: 'local',
    });
    const second = await addModel(app, body);
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(await modelOf(app, 'org/tiny:1')).toEqual(first.body);
    expectProblem(await addModel(app, { ...body, digest: ZERO, source_url: 'hf:org/tiny' }), 409, 'CONFLICT');
    expectProblem(await addModel(app, { ...body, tags: ['code'] }), 409, 'CONFLICT');
    expectProblem(await addModel(app, { id: 'tiny', digest: ZERO }), 409, 'CONFLICT');
    expect(await modelOf(app, 'org/tiny:1')).toEqual(first.body);
  });

  it('warns of what is not proven, in the answer, the entry and the log (ORCH-3037, ORCH-3061)', async () => {
    const { body } = await addModel(app, { id: 'unproven', digest: ZERO, source_url: 'hf:org/unproven' });
    expect(body.warnings.length).toBeGreaterThan(0);
    expect((await modelOf(app, 'unproven')).warnings).toEqual(body.warnings);
    const logged = app.lines.filter(({ event, model_id }) => event === 'trust_warning' && model_id === 'unproven');
    expect(logged.length).toBe(body.warnings.length);
  });

  it('has the model of every pool, and lists newest first, page by page (ORCH-4607)', async () => {
    for (const id of ['page-1', 'page-2', 'page-3']) await addModel(app, { id, digest: ZERO });
    const all = await modelIds(app);
    expect(all).toEqual(expect.arrayContaining(['mock-model', 'page-1', 'page-2', 'page-3']));
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: { body: CatalogModelList } = await app.call(`${MODELS}?limit=2${cursor && `&cursor=${cursor}`}`);
      expect(body.items.length).toBeLessThanOrEqual(2);
      paged.push(...body.items.map(({ id }) => id));
      cursor = body.next_cursor;
    }
    expect(paged).toEqual(all);
    expect(await modelOf(app, 'mock-model')).toMatchObject({ added_by: 'pool', state: 'Active', source_url: null });
  });

  it('removes a model, and not one that a pool serves (ORCH-4607)', async () => {
    await addModel(app, { id: 'short-lived', digest: ZERO });
    expect((await app.call(modelPath('short-lived'), { method: 'DELETE' })).status).toBe(204);
    expectProblem(await app.call(modelPath('short-lived')), 404, 'NOT_FOUND');
    expectProblem(await app.call(modelPath('short-lived'), { method: 'DELETE' }), 404, 'NOT_FOUND');
    expectProblem(await app.call(modelPath('mock-model'), { method: 'DELETE' }), 409, 'CONFLICT');
  });

  it('lets a pool take over a model that is declared, and finds it by each of its names (ORCH-3068, ORCH-3090)', async () => {
    const { digest } = await eventually(async () => {
      const found = await modelOf(app, 'mock-model');
      expect(found.digest).toMatch(/^sha256:/);
      return found;
    });
    expectProblem(await addModel(app, { id: 'mock-model', digest: ZERO }), 409, 'CONFLICT');
    const declared = await addModel(app, {
      id: 'mock-model',
      digest,
      aliases: ['the-mock'],
      source_url: 'hf:org/mock',
    });
    expect(declared.body).toMatchObject({ id: 'mock-model', aliases: ['the-mock'], added_by: 'local' });
    for (const ref of ['mock-model', 'the-mock', 'hf:org/mock', digest!]) {
      const { task_id } = await app.submit(completion('x', { model_ref: ref, max_tokens: 2 }));
      expect(terminalOf(await app.frames(task_id)).event).toBe('end');
      expect((await app.task(task_id)).model_digest).toBe(digest);
    }
  });

  it('knows models that no pool serves, and refuses their tasks for good (ORCH-3091)', async () => {
    await addModel(app, { id: 'unserved', digest: ZERO });
    const body = expectProblem(await app.post(completion('x', { model_ref: 'unserved' })), 503, 'POOL_UNAVAILABLE');
    expect(body).toMatchObject({ retriable: false, message: expect.stringContaining('no pool serves model unserved') });
    expectProblem(await app.post(completion('x', { model_ref: 'hf:org/never' })), 404, 'NOT_FOUND');
  });

  it.each(['sha256:abc', 'file:../x', 'https://user:word@host/x', 'a/../b'])(
    'refuses a task with the malformed model ref %s (ORCH-3090)',
    async (model_ref) => {
      const body = expectProblem(await app.post(completion('x', { model_ref })), 400, 'INVALID_PARAMS');
      expect(body['errors']).toMatchObject([{ pointer: '/model_ref' }]);
    },
  );
});

describe('What the catalog refuses', () => {
  let app: TestApp;
  let before: string;
  beforeAll(async () => {
    app = await startTestApp();
    await addModel(app, { id: 'kept', digest: ZERO });
    before = (await app.call(MODELS)).text;
  });

  const good = { id: 'm', digest: ZERO };
  const manifest = { path: 'a.bin', digest: ZERO, size_bytes: 1 };
  it.each<readonly [string, unknown, string]>([
    ['no id', { digest: ZERO }, '/id'],
    ['no digest', { id: 'm' }, '/digest'],
    ['a digest that is too short', { id: 'm', digest: 'sha256:abc' }, '/digest'],
    ['a digest in upper case', { id: 'm', digest: `sha256:${HEX.toUpperCase()}` }, '/digest'],
    ['a digest of another kind', { id: 'm', digest: `md5:${HEX}` }, '/digest'],
    ['an id that leads up', { ...good, id: 'a/../../etc' }, '/id'],
    ['an id that begins with a dot', { ...good, id: '../etc' }, '/id'],
    ['an id with an empty part', { ...good, id: 'a//b' }, '/id'],
    ['an id that looks like a digest', { ...good, id: `sha256:${HEX}` }, '/id'],
    ['an id that is too long', { ...good, id: 'a'.repeat(201) }, '/id'],
    ['an alias that is the id', { ...good, aliases: ['m'] }, '/aliases/0'],
    ['an unknown member', { ...good, colour: 'red' }, '/colour'],
    ['a state', { ...good, state: 'Retired' }, '/state'],
    ['a malformed source', { ...good, source_url: 'file:../x' }, '/source_url'],
    ['a source that is a digest', { ...good, source_url: ZERO }, '/source_url'],
    ['a source with another digest', { ...good, source_url: `https://host/x#sha256=${HEX}` }, '/source_url'],
    ['a path that leads out', { ...good, manifests: [{ ...manifest, path: '../../etc/passwd' }] }, '/manifests/0/path'],
    ['an absolute path', { ...good, manifests: [{ ...manifest, path: '/etc/passwd' }] }, '/manifests/0/path'],
    ['a path twice', { ...good, manifests: [manifest, { ...manifest, path: 'A.bin' }] }, '/manifests'],
    [
      'a digest that is not that of its manifests',
      { ...good, manifests: [{ ...manifest, digest: `sha256:${HEX}` }] },
      '/digest',
    ],
    ['a fraction of a byte', { ...good, manifests: [{ ...manifest, size_bytes: 0.5 }] }, '/manifests/0/size_bytes'],
    ['an unknown mode', { ...good, trust_policy: { mode: 'none' } }, '/trust_policy/mode'],
    ['a root that is no PEM', { ...good, trust_policy: { ca_roots: ['x'] } }, '/trust_policy/ca_roots/0'],
    ['an SBOM of another digest', { ...good, sbom: { uri: 'file:/x', digest: ZERO, text: '{}' } }, '/sbom/digest'],
    ['a list', [good], ''],
    ['no JSON', '{', ''],
  ])('%s is refused by its place, and nothing is written (ORCH-3060, ORCH-4301)', async (_what, body, pointer) => {
    const answer = await app.call(MODELS, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const problem = expectProblem(answer, 400, 'INVALID_PARAMS');
    expect((problem['errors'] as { pointer: string }[]).map((one) => one.pointer)).toContain(pointer);
    expect((await app.call(MODELS)).text).toBe(before);
  });

  it.each<readonly [unknown, string]>([
    [{}, '/state'],
    [{ state: 'Deprecated' }, '/state'],
    [{ state: 'retired' }, '/state'],
    [{ state: 'Retired', deadline_ms: -1 }, '/deadline_ms'],
    [{ state: 'Retired', deadline_ms: 1.5 }, '/deadline_ms'],
    [{ state: 'Retired', why: 'old' }, '/why'],
  ])('the state %j is refused (ORCH-3072)', async (body, pointer) => {
    const problem = expectProblem(await setModelState(app, 'kept', body), 400, 'INVALID_PARAMS');
    expect(problem['errors']).toMatchObject([{ pointer }]);
    expect((await app.call(MODELS)).text).toBe(before);
  });

  it('a policy in the header that is none is refused, and so is every unknown id (ORCH-3061)', async () => {
    const odd = await addModel(app, good, { headers: { 'x-trust-policy': 'lax' } });
    expect(expectProblem(odd, 400, 'INVALID_PARAMS')['errors']).toMatchObject([{ pointer: '/X-Trust-Policy' }]);
    for (const id of ['nobody', '../kept', '..', '%2e%2e'])
      expectProblem(await app.call(modelPath(id)), 404, 'NOT_FOUND');
    expectProblem(await app.call(modelPath('nobody', '/verify'), { method: 'POST' }), 404, 'NOT_FOUND');
    expectProblem(await setModelState(app, 'nobody', { state: 'Retired' }), 404, 'NOT_FOUND');
    expect((await app.call(MODELS)).text).toBe(before);
  });

  it('strict trust in the header refuses what is not proven; permissive trust loosens nothing (ORCH-3061, ORCH-3067)', async () => {
    const strict = { headers: { 'x-trust-policy': 'strict' } };
    expectProblem(await addModel(app, good, strict), 400, 'UNTRUSTED_ARTIFACT');
    expectProblem(await addModel(app, { ...good, signed: true }, strict), 400, 'UNTRUSTED_ARTIFACT');
    const stern = await startTestApp({ catalog: { weights_dir: folder, trust_policy: { mode: 'strict' } } }, []);
    const lax = { headers: { 'x-trust-policy': 'permissive' } };
    expectProblem(await addModel(stern, good, lax), 400, 'UNTRUSTED_ARTIFACT');
    expect((await app.call(MODELS)).text).toBe(before);
  });

  it('a digest that the bytes do not have is refused in every mode (ORCH-3037)', async () => {
    const source_url = save('other.gguf', 'other bytes');
    const problem = expectProblem(await addModel(app, { ...good, source_url }), 400, 'UNTRUSTED_ARTIFACT');
    expect(problem['message']).not.toContain(folder);
    expect((await app.call(MODELS)).text).toBe(before);
  });
});

describe('A verification', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp();
  });

  it('reads every byte, tells its result, and counts it (ORCH-3064, ORCH-3042)', async () => {
    const source_url = save('sound.gguf', 'sound weights');
    await addModel(app, { id: 'sound', digest: digestOf('sound weights'), source_url });
    const first = await verified(app, 'sound');
    expect(first).toMatchObject({ quarantined: false, last_verification: { state: 'warn', reason: 'unsigned' } });
    expect(await app.metric('catalog_verifications_total', { result: 'warn', reason: 'unsigned' })).toBe(1);
    expect(app.lines).toContainEqual(expect.objectContaining({ event: 'verify', model_id: 'sound', result: 'warn' }));

    save('sound.gguf', 'Sound weights');
    const flipped = await verified(app, 'sound');
    expect(flipped).toMatchObject({
      quarantined: true,
      last_verification: { state: 'fail', reason: 'digest-mismatch' },
    });
    expect(readFileSync(join(folder, 'sound.gguf'), 'utf8')).toBe('Sound weights');

    save('sound.gguf', 'sound weights');
    expect(await verified(app, 'sound')).toMatchObject({ quarantined: false, last_verification: { state: 'warn' } });
  });

  it('of weights that are not here says so (ORCH-3064)', async () => {
    await addModel(app, { id: 'far', digest: ZERO, source_url: 'hf:org/far' });
    expect((await verified(app, 'far')).last_verification).toMatchObject({ state: 'warn' });
  });

  it('runs once at a time: whoever asks again gets the same id (ORCH-3064)', async () => {
    const bytes = 'large weights';
    await addModel(app, { id: 'large', digest: digestOf(bytes), source_url: save('large.gguf', bytes) });
    // A file of nothing but a hole: reading it takes longer than anybody waits, until it is cut off.
    truncateSync(join(folder, 'large.gguf'), 1024 ** 4);
    const start = () => app.call<VerificationStarted>(modelPath('large', '/verify'), { method: 'POST' });
    const [first, second] = await Promise.all([start(), start()]);
    const third = await start();
    const ids = [first, second, third].map(({ body }) => body.verification_id);
    expect(new Set(ids).size).toBe(1);
    expect((await modelOf(app, 'large')).last_verification).toMatchObject({ id: ids[0], state: 'running' });
    save('large.gguf', bytes);
    await eventually(async () => expect((await modelOf(app, 'large')).last_verification?.state).not.toBe('running'));
    const { last_verification } = await verified(app, 'large');
    expect(last_verification).toMatchObject({ id: expect.not.stringMatching(ids[0]!), state: 'warn' });
  });
});
