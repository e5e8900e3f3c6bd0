import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditPage, type HttpToolAnswered, type HttpToolFailed } from '@llama-orch/client';
import { hashKey, newKey } from '../../src/kernel/key-hash.js';
import { HeldClock } from '../support/held-clock.js';
import { startTestApp, type TestApp, type TestConfig } from '../support/start-app.js';
import { type Asked, Upstream } from '../support/upstream.js';
import { type ServerResponse } from 'node:http';
import { expectProblem, expectSchema } from './contract.js';

const SECRET = 'planted-secret-4711';
let folder: string;
let upstream: Upstream;
let app: TestApp;

const ROUTES: Readonly<Record<string, (asked: Asked, response: ServerResponse) => void>> = {
  '/pond': (_asked, response) => response.setHeader('content-type', 'text/plain; charset=utf-8').end('old pond'),
  '/bytes': (_asked, response) => response.setHeader('content-type', 'image/png').end(Buffer.from([0, 255, 1])),
  '/echo': ({ method, headers, body }, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ method, headers, body })),
  '/missing': (_asked, response) =>
    response.writeHead(404, { 'content-type': 'text/plain', 'x-a': ['1', '2'] }).end('no'),
  '/moved': (_asked, response) => response.writeHead(302, { location: '/pond' }).end(),
  '/cut': (_asked, response) => {
    response.writeHead(200, { 'content-length': '100', 'content-type': 'text/plain' });
    response.write('half', () => response.destroy());
  },
  '/silent': () => undefined,
};

function upstreamAnswer(asked: Asked, response: ServerResponse): void {
  const route = ROUTES[asked.path.split('?')[0] ?? ''];
  if (route === undefined) response.writeHead(404).end();
  else route(asked, response);
}

function config(tools: object = {}, more: TestConfig = {}): TestConfig {
  // A busy machine takes longer than a chain of policies may.
  const policy = { deadline_ms: 10_000, ...(more['policy'] as object | undefined) };
  return { egress: { ports: [upstream.port], rate_per_s: 1_000 }, tools, ...more, policy };
}

const call = (body: object, headers: Record<string, string> = {}, on = app) =>
  on.call<HttpToolAnswered & HttpToolFailed>('/v1/tools/http', { method: 'POST', body, headers });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-tools-'));
  writeFileSync(join(folder, 'secret.txt'), `${SECRET}\n`);
  upstream = await Upstream.start(upstreamAnswer);
  const secret = { file: join(folder, 'secret.txt'), prefix: 'Bearer ', hosts: ['127.0.0.1'] };
  app = await startTestApp(config({ secrets: { mine: secret, elsewhere: { ...secret, hosts: ['b.example'] } } }));
});
afterAll(() => {
  upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('POST /v1/tools/http (ORCH-4705, OC-POLICY-4030)', () => {
  it('answers what the far side said, with the facts of the decision', async () => {
    const { status, body, headers } = await call({ url: upstream.url('/pond') }, { 'x-correlation-id': 'corr-7' });
    expect([status, headers.get('x-correlation-id')]).toEqual([200, 'corr-7']);
    expectSchema('HttpToolAnswer', body);
    expect(body).toMatchObject({ status: 200, body: 'old pond', truncated: false, bytes: 8, cached: false });
    expect(body.final_url).toBe(upstream.url('/pond'));
    expect(body.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(body.audit_seq).toBeGreaterThan(0);
    expect(body.decision_id).toMatch(/./);
  });

  it('sends method, headers and body', async () => {
    const headers = { 'X-A': 'ä', accept: 'text/*', 'content-type': 'text/plain' };
    const { body } = await call({ method: 'PUT', url: upstream.url('/echo'), headers, body: 'grüße' });
    expect(JSON.parse(body.body!)).toMatchObject({ method: 'PUT', headers: { accept: 'text/*' }, body: 'grüße' });
    await call({ method: 'POST', url: upstream.url('/echo'), body_base64: Buffer.from('bytes').toString('base64') });
    expect(upstream.asked.at(-1)).toMatchObject({ method: 'POST', body: 'bytes' });
  });

  it('gives bytes as Base64, and other statuses as they are', async () => {
    expect((await call({ url: upstream.url('/bytes') })).body).toMatchObject({ body_base64: 'AP8B', bytes: 3 });
    const { body } = await call({ url: upstream.url('/missing') });
    expect(body).toMatchObject({ status: 404, body: 'no', headers: { 'x-a': '1, 2' } });
  });

  it('follows redirects to where the answer is', async () => {
    const { body } = await call({ url: upstream.url('/moved') });
    expect(body).toMatchObject({ status: 200, body: 'old pond', final_url: upstream.url('/pond') });
  });

  it('reads no more than was asked for', async () => {
    const { body } = await call({ url: upstream.url('/pond'), max_bytes: 3 });
    expect(body).toMatchObject({ body: 'old', bytes: 3, truncated: true });
  });

  it.each<readonly [string, () => object, HttpToolFailed['error']['kind']]>([
    ['the connection breaks off', () => ({ url: upstream.url('/cut') }), 'protocol'],
    ['nothing comes in time', () => ({ url: upstream.url('/silent'), timeout_ms: 50 }), 'timeout'],
    ['it speaks no TLS', () => ({ url: upstream.url('/pond').replace('http:', 'https:') }), 'tls'],
    ['the name has no address', () => ({ url: 'http://nowhere.invalid/' }), 'dns'],
  ])('answers 200 with an error and no status when %s', async (_what, body, kind) => {
    const { status, body: answer } = await call(body());
    expect(status).toBe(200);
    expectSchema('HttpToolFailed', answer);
    expect(answer.error.kind).toBe(kind);
    expect(answer).not.toHaveProperty('status');
    expect(answer.error.message).not.toMatch(/127\.0\.0\.1|ECONN|node:/);
  });

  it('answers 200 with an error when nobody listens', async () => {
    const gone = await Upstream.start(() => undefined);
    gone.close();
    const other = await startTestApp({ egress: { ports: [gone.port] } });
    expect((await call({ url: gone.url() }, {}, other)).body.error.kind).toBe('connect');
  });
});

describe('a call that makes no sense (ORCH-4705, ORCH-4107)', () => {
  const bad: readonly (readonly [string, object, string])[] = [
    ['no url', {}, '/url'],
    ['an unknown member', { url: 'http://a.example/', uri: 1 }, '/uri'],
    ['an unknown method', { url: 'http://a.example/', method: 'TRACE' }, '/method'],
    ['an endless url', { url: `http://a.example/${'x'.repeat(8_192)}` }, '/url'],
    [
      'too many headers',
      { url: 'http://a.example/', headers: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`x-${at}`, ''])) },
      '/headers',
    ],
    [
      'a header of the connection',
      { url: 'http://a.example/', headers: { Connection: 'close' } },
      '/headers/Connection',
    ],
    ['a header that is no text', { url: 'http://a.example/', headers: { a: 1 } }, '/headers/a'],
    ['a body with GET', { url: 'http://a.example/', body: 'x' }, '/body'],
    ['an endless body', { url: 'http://a.example/', method: 'POST', body: 'x'.repeat(1_048_577) }, '/body'],
    ['broken Base64', { url: 'http://a.example/', method: 'POST', body_base64: '!' }, '/body_base64'],
    ['no bytes at all', { url: 'http://a.example/', max_bytes: 0 }, '/max_bytes'],
    ['more bytes than allowed', { url: 'http://a.example/', max_bytes: 1_048_577 }, '/max_bytes'],
    ['more time than allowed', { url: 'http://a.example/', timeout_ms: 30_001 }, '/timeout_ms'],
    ['a session that is no UUID', { url: 'http://a.example/', session_id: 'x' }, '/session_id'],
    ['a task that is no UUID', { url: 'http://a.example/', task_id: 'x' }, '/task_id'],
    ['a secret that is not there', { url: 'http://a.example/', secrets: ['mien'] }, '/secrets/0'],
    ['one secret twice', { url: 'http://a.example/', secrets: ['mine', 'mine'] }, '/secrets'],
    ['a media type that is none', { url: 'http://a.example/', allowed_mime_types: ['html'] }, '/allowed_mime_types/0'],
    ['labels, which are those of its task', { url: 'http://a.example/', labels: { trusted: 'yes' } }, '/labels'],
  ];
  it.each(bad)('is refused with %s, and told where', async (_what, body, pointer) => {
    const problem = expectProblem(await call(body), 400, 'INVALID_PARAMS');
    expect((problem['errors'] as { pointer: string }[]).map((error) => error.pointer)).toContain(pointer);
  });

  it('tells of all at once', async () => {
    const problem = expectProblem(await call({ url: '', max_bytes: 0, method: 'X' }), 400, 'INVALID_PARAMS');
    expect(problem['errors']).toHaveLength(3);
  });

  it.each([
    ['list', '[]'],
    ['nothing', ''],
    ['half an object', '{"url":'],
  ])('is refused as %s', async (_what, text) => {
    expectProblem(await app.call('/v1/tools/http', { method: 'POST', body: text }), 400, 'INVALID_PARAMS');
  });

  it('answers 405 and 415 where they belong', async () => {
    expectProblem(await app.call('/v1/tools/http'), 405, 'INVALID_PARAMS');
    const plain = { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } };
    expectProblem(await app.call('/v1/tools/http', plain), 415, 'INVALID_PARAMS');
  });
});

describe('a call that is refused (ORCH-3080, ORCH-4702, ORCH-4703)', () => {
  it.each([
    ['metadata', 'http://169.254.169.254/latest/'],
    ['credentials in the address', 'http://a:b@a.example/'],
    ['another scheme', 'file:///etc/passwd'],
    ['a port that is not listed', 'http://127.0.0.1:1/'],
  ])('by the guard: %s', async (_what, url) => {
    const problem = expectProblem(await call({ url }), 403, 'POLICY_DENIED');
    expect(problem).toMatchObject({ policy_code: 'EGRESS_REFUSED', retriable: false });
    expect(problem['decision_id']).toMatch(/./);
    expect(JSON.stringify(problem)).not.toMatch(/169\.254|passwd/);
  });

  it('by a policy, with its code, reason, hint and decision (ORCH-4702)', async () => {
    const policies = [{ builtin: 'allow-hosts', settings: { hosts: ['docs.example'] } }];
    const strict = await startTestApp(config({}, { policies }));
    const before = upstream.asked.length;
    const problem = expectProblem(await call({ url: upstream.url('/pond') }, {}, strict), 403, 'POLICY_DENIED');
    expect(problem).toMatchObject({ policy: { id: 'allow-hosts' }, retriable: false });
    for (const member of ['policy_code', 'hint', 'decision_id']) expect(problem[member]).toMatch(/./);
    expect(upstream.asked).toHaveLength(before);
  });

  it('and one that the policy allows goes out', async () => {
    const policies = [{ builtin: 'allow-hosts', settings: { hosts: ['127.0.0.1'] } }];
    const strict = await startTestApp(config({}, { policies, policy: { profile: 'production' } }));
    const { body } = await call({ url: upstream.url('/pond') }, {}, strict);
    expect(body).toMatchObject({ status: 200, policy: { id: 'allow-hosts', decision: 'allow' } });
  });

  it('not where none is configured: then allow-all decides, is recorded and counted (ORCH-4702, ORCH-4704)', async () => {
    const own = await startTestApp(config());
    const { body } = await call({ url: upstream.url('/pond') }, {}, own);
    expect(body).toMatchObject({ status: 200, policy: { id: 'allow-all', version: '1.0.0', decision: 'allow' } });
    const rows = (await own.call<AuditPage>('/v1/audit')).body.items;
    const [asked] = rows.filter(({ action }) => action === 'tool.request');
    expect(asked).toMatchObject({ decision: 'allow', plugin: 'allow-all', code: 'ALLOWED', fuel: 0 });
    expect(rows.filter(({ action }) => action === 'policy.load')).toMatchObject([{ target: 'allow-all' }]);
    const { text } = await own.call('/metrics');
    expect(text).toContain('llama_orch_policy_calls_total{plugin="allow-all",decision="allow"} 1');
    expect(own.lines.filter(({ message }) => message.startsWith('no policy is configured'))).toHaveLength(1);
    expect((await own.call('/v1/plugins')).text).toContain('"allow-all"');
  });

  it('when the profile asks for a policy and there is none', async () => {
    const strict = await startTestApp(config({}, { policy: { profile: 'production' } }));
    const problem = expectProblem(await call({ url: upstream.url('/pond') }, {}, strict), 403, 'POLICY_DENIED');
    expect(problem['policy_code']).toBe('NO_POLICY');
  });

  it('over the rate of its key (OC-POLICY-4031)', async () => {
    const slow = await startTestApp({ egress: { ports: [upstream.port], rate_per_s: 1 } });
    new HeldClock(slow);
    expect((await call({ url: upstream.url('/pond') }, {}, slow)).status).toBe(200);
    const refused = await call({ url: upstream.url('/pond') }, {}, slow);
    const problem = expectProblem(refused, 429, 'QUOTA_EXCEEDED');
    expect(Number(refused.headers.get('x-backoff-ms'))).toBe(problem['retry_after_ms']);
  });

  it('for its media type, by operator or caller (OC-POLICY-4031)', async () => {
    const denying = await startTestApp(config({ denied_mime_types: ['image/*'] }));
    for (const answer of [
      await call({ url: upstream.url('/bytes') }, {}, denying),
      await call({ url: upstream.url('/bytes'), allowed_mime_types: ['text/*'] }),
    ])
      expect(expectProblem(answer, 403, 'POLICY_DENIED')['policy_code']).toBe('MIME_NOT_ALLOWED');
    expect((await call({ url: upstream.url('/pond'), allowed_mime_types: ['text/*'] }, {}, denying)).status).toBe(200);
  });
});

describe('who may call (ORCH-4109, FR-SI-001)', () => {
  it('needs a key with the scope tools', async () => {
    const [infer, tools] = [newKey('infer'), newKey('tools')];
    const keys = [
      { id: 'infer', hash: hashKey(infer), scopes: ['infer'] },
      { id: 'tools', hash: hashKey(tools), scopes: ['tools'] },
    ];
    const keyed = await startTestApp(config({}, { auth: { keys } }), []);
    const body = { url: upstream.url('/pond') };
    expectProblem(await call(body, {}, keyed), 401, 'UNAUTHENTICATED');
    expectProblem(await call(body, { 'x-api-key': infer }, keyed), 403, 'FORBIDDEN');
    expect((await call(body, { 'x-api-key': tools }, keyed)).status).toBe(200);
  });

  it('finds no tools where they are switched off', async () => {
    const off = await startTestApp(config({ enabled: false }));
    for (const route of ['http', 'search']) {
      const body = route === 'http' ? { url: upstream.url('/pond') } : { query: 'pond' };
      const answer = await off.call(`/v1/tools/${route}`, { method: 'POST', body });
      expect(expectProblem(answer, 404, 'NOT_FOUND')['message']).toContain('tools.enabled');
    }
  });
});

describe('secrets (ORCH-4705, OC-CTRL-2041)', () => {
  it('reach the far side, and neither answer, log, metrics nor audit (ORCH-4704)', async () => {
    const { text, body } = await call({ url: upstream.url('/echo?secret=none'), secrets: ['mine'] });
    expect(upstream.asked.at(-1)?.headers.authorization).toBe(`Bearer ${SECRET}`);
    expect(body.status).toBe(200);
    expect(text).not.toContain(SECRET);
    expect(JSON.stringify(app.lines)).not.toContain(SECRET);
    for (const path of ['/metrics', '/v1/audit?limit=200']) {
      const seen = await app.call(path);
      expect([path, seen.status, seen.text.includes(SECRET)]).toEqual([path, 200, false]);
    }
  });

  it('do not leave their hosts', async () => {
    const before = upstream.asked.length;
    const answer = await call({ url: upstream.url('/echo'), secrets: ['elsewhere'] });
    const problem = expectProblem(answer, 403, 'POLICY_DENIED');
    expect(problem).toMatchObject({ policy_code: 'SECRET_HOST', policy: { id: 'tool-secrets' } });
    expect(problem['message']).toContain('the secret elsewhere');
    expect(answer.text).not.toContain(SECRET);
    expect(upstream.asked).toHaveLength(before);
  });

  it('do not follow to another origin', async () => {
    const second = await Upstream.start((_asked, response) => response.end('hello'));
    const first = await Upstream.start((_asked, response) => response.writeHead(302, { location: second.url() }).end());
    const secret = { file: join(folder, 'secret.txt'), hosts: ['127.0.0.1'] };
    const own = await startTestApp({
      egress: { ports: [first.port, second.port] },
      tools: { secrets: { mine: secret } },
    });
    await call({ url: first.url(), secrets: ['mine'] }, {}, own);
    expect(first.asked[0]?.headers.authorization).toBe(SECRET);
    for (const { headers } of second.asked) expect(headers.authorization).toBeUndefined();
    first.close();
    second.close();
  });
});

describe('kept answers (OC-POLICY-4033)', () => {
  const times = (path: string) => upstream.asked.filter((asked) => asked.path === path).length;

  it('are given again to the same GET, and to no other call', async () => {
    const caching = await startTestApp(config({ cache_ttl_ms: 60_000 }));
    const url = upstream.url('/pond?cache');
    expect((await call({ url }, {}, caching)).body.cached).toBe(false);
    const again = (await call({ url }, {}, caching)).body;
    expect(again).toMatchObject({ cached: true, status: 200, body: 'old pond', bytes: 8 });
    expect(times('/pond?cache')).toBe(1);
    for (const other of [{ headers: { 'x-a': '1' } }, { method: 'POST' }])
      expect((await call({ url, ...other }, {}, caching)).body.cached).toBe(false);
    expect(times('/pond?cache')).toBe(3);
  });

  it('are none of failures', async () => {
    const caching = await startTestApp(config({ cache_ttl_ms: 60_000 }));
    for (let time = 0; time < 2; time++) await call({ url: upstream.url('/missing?cache') }, {}, caching);
    expect(times('/missing?cache')).toBe(2);
  });

  it('are still asked for at the policies, each time', async () => {
    const caching = await startTestApp(config({ cache_ttl_ms: 60_000 }));
    const url = upstream.url('/pond?asked');
    const first = (await call({ url }, {}, caching)).body;
    const second = (await call({ url }, {}, caching)).body;
    expect(second.cached).toBe(true);
    expect(second.audit_seq).toBeGreaterThan(first.audit_seq);
    expect(second.decision_id).not.toBe(first.decision_id);
  });
});

describe('Idempotency-Key (ORCH-4103)', () => {
  it('makes a repeated call answer the recorded one, and reach the far side once', async () => {
    const headers = { 'idempotency-key': 'once' };
    const body = { method: 'POST', url: upstream.url('/echo?once'), body: 'x' };
    const first = await call(body, headers);
    const second = await call(body, headers);
    expect(second.text).toBe(first.text);
    expect([first, second].map((answer) => answer.headers.get('idempotency-replayed'))).toEqual([null, 'true']);
    expect(upstream.asked.filter(({ path }) => path === '/echo?once')).toHaveLength(1);
    expectProblem(await call({ ...body, body: 'y' }, headers), 422, 'IDEMPOTENCY_MISMATCH');
  });

  it('does not go with a stream', async () => {
    const answer = await call({ url: upstream.url('/pond'), stream: true }, { 'idempotency-key': 'stream' });
    expectProblem(answer, 400, 'INVALID_PARAMS');
  });
});
