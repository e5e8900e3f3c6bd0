import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Artifact, type ArtifactCreated, type ArtifactRecordList, type CreateArtifact } from '@llama-orch/client';
import { hashKey, newKey } from '../../src/kernel/key-hash.js';
import { type Answer, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem, expectSchema } from './contract.js';

const PATH = '/v1/artifacts';
const UNKNOWN = `sha256:${'0'.repeat(64)}`;
const plan = (more: Partial<CreateArtifact> = {}): CreateArtifact => ({
  ...{ kind: 'plan', content: { steps: ['read', 'write'] }, tags: ['feature'], metadata: { agent: 'planner' } },
  ...more,
});

function put(app: TestApp, body: unknown, headers: Record<string, string> = {}): Promise<Answer<ArtifactCreated>> {
  return app.call<ArtifactCreated>(PATH, { method: 'POST', body, headers });
}

async function kept(app: TestApp, body: unknown): Promise<ArtifactCreated> {
  const answer = await put(app, body);
  expect(answer.status).toBe(201);
  return answer.body;
}

const list = async (app: TestApp, query: string) => (await app.call<ArtifactRecordList>(`${PATH}?${query}`)).body;

describe('An artifact', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ artifacts: { max_bytes: 128 * 1024, transcripts: false } });
  });

  it('is named by the hash of its canonical kind and content, whatever is said of it (ORCH-4601, ORCH-3097)', async () => {
    const text = '{"content":{"a":[1,"é"],"b":0},"kind":"plan"}';
    const id = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    const answer = await put(app, '{"kind":"plan","content":{"b":-0,"a":[1.0,"\\u00e9"]},"metadata":{"x":1}}');
    expect(answer.status).toBe(201);
    expectSchema('ArtifactCreated', answer.body);
    expect(answer.body).toMatchObject({ id, digest: id, kind: 'plan', tags: [], parent: null, redacted: false });
    expect(answer.body.url).toBe(`${app.url}${PATH}/${id}`);
    expect(answer.headers.get('location')).toBe(`${PATH}/${id}`);
    expect((await kept(app, { kind: 'plan', content: { a: [1, 'é'], b: 0 } })).id).toBe(id);
    expect((await kept(app, { kind: 'other', content: { a: [1, 'é'], b: 0 } })).id).not.toBe(id);
  });

  it('is read back as it was put, with its newest record (OC-CTRL-2066, ORCH-3098)', async () => {
    const { id } = await kept(app, plan());
    await kept(app, plan({ tags: ['second', 'second'] }));
    const { body, headers } = await app.call<Artifact>(`${PATH}/${id}`);
    expectSchema('Artifact', body);
    expect(body).toMatchObject({ id, content: { steps: ['read', 'write'] }, tags: ['second'], size_bytes: 52 });
    expect(headers.get('etag')).toBe(`"${id}"`);
    const records = (await app.call<ArtifactRecordList>(`${PATH}/${id}/records`)).body;
    expectSchema('ArtifactRecordList', records);
    expect(records.items.map(({ tags }) => tags)).toEqual([['second'], ['feature']]);
  });

  it('is not sent again to who has it (OC-CTRL-2066)', async () => {
    const { id } = await kept(app, plan());
    for (const path of [id, `${id}/content`])
      for (const tag of [`"${id}"`, `"other", W/"${id}"`, '*']) {
        const answer = await app.call(`${PATH}/${path}`, { headers: { 'if-none-match': tag } });
        expect([answer.status, answer.text, answer.headers.get('etag')]).toEqual([304, '', `"${id}"`]);
      }
    expect((await app.call(`${PATH}/${id}`, { headers: { 'if-none-match': `"${UNKNOWN}"` } })).status).toBe(200);
  });

  it('can be bytes, which come back bare and locked up (ORCH-4602)', async () => {
    const bytes = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255, 254]);
    const content = { media_type: 'image/png', encoding: 'base64', data: bytes.toString('base64') };
    const { id } = await kept(app, { kind: 'other', content });
    const response = await fetch(`${app.url}${PATH}/${id}/content`);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-disposition': 'attachment',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox') as string,
    });
    const plain = await app.call(`${PATH}/${(await kept(app, plan())).id}/content`);
    expect([plain.text, plain.headers.get('content-type')]).toEqual(['{"steps":["read","write"]}', 'application/json']);
  });

  it('has a parent that is there, and is found by it (ORCH-4602)', async () => {
    const { id: parent } = await kept(app, plan({ content: { is: 'the parent' } }));
    const { id } = await kept(app, plan({ content: { is: 'the child' }, parent }));
    expect((await list(app, `parent=${parent}`)).items.map((item) => item.id)).toEqual([id]);
    const orphan = expectProblem(await put(app, plan({ parent: UNKNOWN })), 400, 'INVALID_PARAMS');
    expect(orphan['errors']).toEqual([{ pointer: '/parent', message: expect.stringContaining('is kept') as string }]);
  });

  it('never becomes its own ancestor (ORCH-4602)', async () => {
    const one = plan({ content: { circle: 1 } });
    const { id: first } = await kept(app, one);
    const { id: second } = await kept(app, plan({ content: { circle: 2 }, parent: first }));
    const { id: third } = await kept(app, plan({ content: { circle: 3 }, parent: second }));
    for (const parent of [first, second, third]) {
      const refusal = expectProblem(await put(app, { ...one, parent }), 400, 'INVALID_PARAMS');
      expect(refusal['message']).toContain('circle');
    }
    await kept(app, plan({ content: { circle: 3 }, parent: first }));
  });

  it('is listed by all its tags, its kind and its time, page by page (OC-CTRL-2066)', async () => {
    for (let count = 0; count < 5; count++)
      await kept(app, { kind: count % 2 === 0 ? 'diff' : 'summary', content: { count }, tags: ['list', `n${count}`] });
    const counts = async (query: string) => (await list(app, query)).items.map(({ tags }) => tags[1]);
    expect(await counts('tag=list')).toEqual(['n4', 'n3', 'n2', 'n1', 'n0']);
    expect(await counts('tag=list&tag=n3')).toEqual(['n3']);
    expect(await counts('tag=n3&tag=n4')).toEqual([]);
    expect(await counts('tag=list&kind=summary')).toEqual(['n3', 'n1']);
    expect(await counts(`tag=list&since_ms=${Date.now() + 60_000}`)).toEqual([]);
    const first = await list(app, 'tag=list&limit=2');
    expectSchema('ArtifactRecordList', first);
    const second = await list(app, `tag=list&limit=2&cursor=${first.next_cursor}`);
    const third = await list(app, `tag=list&limit=2&cursor=${second.next_cursor}`);
    expect([first, second, third].flatMap(({ items }) => items.map(({ tags }) => tags[1]))).toEqual([
      ...['n4', 'n3', 'n2', 'n1', 'n0'],
    ]);
    expect(third.next_cursor).toBeNull();
  });

  it('is put once by a call that is repeated (ORCH-4103)', async () => {
    const key = { 'idempotency-key': 'once' };
    const body = plan({ content: { once: true } });
    const [first, again] = [await put(app, body, key), await put(app, body, key)];
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const { items } = (await app.call<ArtifactRecordList>(`${PATH}/${first.body.id}/records`)).body;
    expect(items.length).toBe(1);
    expectProblem(await put(app, plan(), key), 422, 'IDEMPOTENCY_MISMATCH');
  });
});

describe('What cannot be kept as it is', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ artifacts: { max_bytes: 128 * 1024, transcripts: false } });
  });
  afterAll(async () => {
    expect((await list(app, 'limit=1')).items).toEqual([]);
    expect(readdirSync(join(app.folder, 'artifacts', 'blobs'))).toEqual([]);
  });

  it.each([
    ['/kind', plan({ kind: 'poem' as 'plan' })],
    ['/content', { kind: 'plan' }],
    ['/content', { kind: 'plan', content: [] }],
    ['/colour', { ...plan(), colour: 'red' }],
    ['/tags', plan({ tags: Array.from({ length: 65 }, (_, at) => `t${at}`) })],
    ['/tags/0', plan({ tags: ['x'.repeat(129)] })],
    ['/tags/0', plan({ tags: [''] })],
    ['/parent', plan({ parent: '../../etc/passwd' })],
    ['/metadata', plan({ metadata: { text: 'x'.repeat(64 * 1024 - 10) }, content: {} })],
    ['/content/n', '{"kind":"plan","content":{"n":9007199254740993}}'],
    ['/content/list/1', '{"kind":"plan","content":{"list":[1,12345678901234567890]}}'],
    ['/content/n', '{"kind":"plan","content":{"n":1e400}}'],
    ['/content/n', '{"kind":"plan","content":{"n":1e-400}}'],
    ['', '{"kind":"plan","content":{"a":1,"a":2}}'],
    ['', '{"kind":"plan","content":{"list":[{"a:\\"":1,"a:\\"":1}]}}'],
    ['/content/half', '{"kind":"plan","content":{"half":"\\ud800"}}'],
    ['/content', '{"kind":"plan","content":{"\\udc00":1}}'],
    ['/content/media_type', { kind: 'other', content: { encoding: 'base64', data: 'AA==' } }],
    [
      '/content/media_type',
      { kind: 'other', content: { media_type: 'a/b\r\nx: y', encoding: 'base64', data: 'AA==' } },
    ],
    ['/content/data', { kind: 'other', content: { media_type: 'image/png', encoding: 'base64', data: 'AB==' } }],
    ['/content/name', { kind: 'other', content: { media_type: 'a/b', encoding: 'base64', data: 'AA==', name: 'x' } }],
  ])('is refused with its place %s (OC-CTRL-2065, ORCH-4601)', async (pointer, body) => {
    const problem = expectProblem(await put(app, body), 400, 'INVALID_PARAMS');
    expect((problem['errors'] as { pointer: string }[])[0]?.pointer).toBe(pointer);
  });

  it('is refused when its body is too large (OC-CTRL-2065, ORCH-4104)', async () => {
    const answer = await put(app, plan({ content: { text: 'x'.repeat(128 * 1024) } }));
    expectProblem(answer, 413, 'PAYLOAD_TOO_LARGE');
    expect(answer.text).toContain('131072 bytes');
  });

  it.each([
    '..',
    '%2e%2e%2f',
    '..%2f..%2fetc%2fpasswd',
    'sha256:..',
    `sha256:${'A'.repeat(64)}`,
    `${UNKNOWN}0`,
    UNKNOWN,
  ])('is not found under %s (ORCH-3098)', async (id) => {
    for (const path of ['', '/content', '/records']) expect((await app.call(`${PATH}/${id}${path}`)).status).toBe(404);
  });

  it.each(['kind=poem', 'parent=x', 'since_ms=-1', 'limit=0', 'cursor=x', 'tag=', 'kind=plan&kind=diff'])(
    'is not listed by %s (OC-CTRL-2066)',
    async (query) => expectProblem(await app.call(`${PATH}?${query}`), 400, 'INVALID_PARAMS'),
  );
});

describe('Artifacts of tenants', () => {
  const keys = { a: newKey('a'), b: newKey('b'), infer: newKey('infer') };
  const record = (id: 'a' | 'b' | 'infer', scopes: string[]) => ({
    ...{ id, hash: hashKey(keys[id]), tenant: id === 'b' ? 'other' : 'default', scopes },
  });
  const as = (id: 'a' | 'b' | 'infer') => ({ authorization: `Bearer ${keys[id]}` });
  let app: TestApp;
  beforeAll(async () => {
    const auth = {
      keys: [record('a', ['artifacts', 'control']), record('b', ['artifacts']), record('infer', ['infer'])],
    };
    app = await startTestApp({ auth, artifacts: { tenant_max_bytes: 400, transcripts: false } }, []);
  });

  it('are not there for other tenants, though the content is the same file (ORCH-3098, ORCH-4602)', async () => {
    const { id } = (await put(app, plan(), as('a'))).body;
    for (const path of ['', '/content', '/records'])
      expectProblem(await app.call(`${PATH}/${id}${path}`, { headers: as('b') }), 404, 'NOT_FOUND');
    expectProblem(await put(app, plan({ content: { of: 'b' }, parent: id }), as('b')), 400, 'INVALID_PARAMS');
    expect((await put(app, plan({ tags: ['mine'] }), as('b'))).body.id).toBe(id);
    const { items } = (await app.call<ArtifactRecordList>(`${PATH}/${id}/records`, { headers: as('b') })).body;
    expect(items.map(({ tags }) => tags)).toEqual([['mine']]);
  });

  it('need the scope artifacts, and collecting them the scope control (OC-CTRL-2065, ORCH-4603)', async () => {
    expectProblem(await put(app, plan(), as('infer')), 403, 'FORBIDDEN');
    expectProblem(await app.call(`${PATH}/gc`, { method: 'POST', headers: as('b') }), 403, 'FORBIDDEN');
    const collected = await app.call(`${PATH}/gc`, { method: 'POST', headers: as('a') });
    expectSchema('ArtifactsCollected', collected.body);
    expect(collected.body).toMatchObject({ blobs_removed: 0, blobs_waiting: 0 });
  });

  it('have a quota, in which a content counts once (ORCH-4602)', async () => {
    const big = plan({ content: { text: 'x'.repeat(300) } });
    expect((await put(app, big, as('b'))).status).toBe(201);
    expect((await put(app, big, as('b'))).status).toBe(201);
    const refused = await put(app, plan({ content: { text: 'y'.repeat(300) } }), as('b'));
    const problem = expectProblem(refused, 429, 'QUOTA_EXCEEDED');
    expect(problem).toMatchObject({
      limit: { name: 'artifacts.tenant_max_bytes', value: 400 },
      policy_label: 'reject',
    });
    expect((await put(app, plan({ content: { text: 'y'.repeat(300) } }), as('a'))).status).toBe(201);
  });
});

describe('Secrets', () => {
  const secret = 'hunter-abcdefghij';
  let app: TestApp;
  beforeAll(async () => {
    const redaction = { patterns: ['hunter-[a-z]{10}'], pii: true };
    app = await startTestApp({ redaction, artifacts: { transcripts: false } }, []);
  });

  it.each([
    [
      'texts, names and what is said of them',
      plan({ content: { a: { [secret]: [`x ${secret} y`] } }, tags: [secret] }),
    ],
    ['metadata', plan({ metadata: { k: secret }, content: { lines: ['mail me:', 'a.person@example.com'] } })],
    [
      'bytes that are text',
      {
        kind: 'other',
        content: {
          media_type: 'text/plain',
          encoding: 'base64',
          data: Buffer.from(`key=${secret}`).toString('base64'),
        },
      },
    ],
  ])('are not in %s (OC-CTRL-2041, ORCH-3037)', async (_, body) => {
    const { id, redacted } = await kept(app, body);
    expect(redacted).toBe(true);
    const paths = ['', '/content', '/records'];
    const texts = await Promise.all(paths.map(async (path) => (await app.call(`${PATH}/${id}${path}`)).text));
    expect(texts.join()).not.toMatch(new RegExp(`${secret}|a\\.person`));
    expect(texts[1]).toContain('[redacted]');
  });

  it('are told by their values, not by the names of members (OC-CTRL-2041)', async () => {
    const { redacted } = await kept(app, plan({ content: { token: 'abc', password: 'def' } }));
    expect(redacted).toBe(false);
  });
});

describe('The address of an artifact', () => {
  it('begins with the advertised one (HME-022)', async () => {
    const server = { bind: '127.0.0.1:0', advertised_url: 'https://models.example.com/lab/' };
    const app = await startTestApp({ server, artifacts: { transcripts: false } }, []);
    const { id, url } = await kept(app, plan());
    expect(url).toBe(`https://models.example.com/lab/v1/artifacts/${id}`);
  });
});
