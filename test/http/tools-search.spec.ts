import { startTestApp, type TestApp, type TestConfig } from '../support/start-app.js';
import { type Asked, Upstream } from '../support/upstream.js';
import { type ServerResponse } from 'node:http';
import { expectProblem, expectSchema } from './contract.js';

let upstream: Upstream;
let app: TestApp;
let answer: (asked: Asked, response: ServerResponse) => void;
beforeAll(async () => {
  upstream = await Upstream.start((asked, response) => answer(asked, response));
  app = await started();
});
afterAll(() => upstream.close());
beforeEach(() => {
  answer = (_asked, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ results }));
});

const results = [
  { title: 'Pond', url: 'https://a.example/pond', content: 'A frog jumps in.' },
  { title: 'Lake', url: 'https://a.example/lake', content: 'A larger pond.' },
];

const started = (more: TestConfig = {}) =>
  startTestApp({
    egress: { ports: [upstream.port], rate_per_s: 1_000 },
    tools: { search: { provider: 'http-json', options: { url: upstream.url('/search?format=json&q={query}') } } },
    ...more,
  });

describe('POST /v1/tools/search (OC-POLICY-4030, ORCH-4701)', () => {
  it('answers what the provider finds', async () => {
    const { status, body } = await app.call('/v1/tools/search', {
      method: 'POST',
      body: { query: 'old pond & frog', limit: 1 },
    });
    expect(status).toBe(200);
    expectSchema('SearchToolAnswer', body);
    expect(body).toEqual({ results: [{ title: 'Pond', url: 'https://a.example/pond', snippet: 'A frog jumps in.' }] });
    expect(upstream.asked.at(-1)?.path).toBe('/search?format=json&q=old%20pond%20%26%20frog');
  });

  it('answers 200 with an error when the provider fails', async () => {
    const search = () => app.call('/v1/tools/search', { method: 'POST', body: { query: 'pond' } });
    answer = (_asked, response) => response.writeHead(503).end();
    expect((await search()).body).toEqual({
      error: { kind: 'provider', message: expect.stringContaining('answered 503') },
    });
    answer = (_asked, response) => response.destroy();
    const { status, body } = await search();
    expect(status).toBe(200);
    expectSchema('SearchToolFailed', body);
    expect(body).toMatchObject({ error: { kind: expect.stringMatching(/connect|protocol/) } });
  });

  it('is under the same policies, by the name of the tool (ORCH-3080)', async () => {
    const policies = [{ builtin: 'allow-hosts', settings: { hosts: ['docs.example'] } }];
    // A busy machine takes longer than a chain of policies may.
    const guarded = await started({ policies, policy: { deadline_ms: 10_000 } });
    const refused = await guarded.call('/v1/tools/search', { method: 'POST', body: { query: 'pond' } });
    expect(expectProblem(refused, 403, 'POLICY_DENIED')).toMatchObject({ policy: { id: 'allow-hosts' } });
  });

  it.each([
    ['no query', {}, '/query'],
    ['an empty query', { query: '' }, '/query'],
    ['an endless query', { query: 'x'.repeat(2_049) }, '/query'],
    ['too many', { query: 'x', limit: 51 }, '/limit'],
    ['an unknown member', { query: 'x', page: 2 }, '/page'],
  ])('refuses %s', async (_what, body, pointer) => {
    const problem = expectProblem(await app.call('/v1/tools/search', { method: 'POST', body }), 400, 'INVALID_PARAMS');
    expect(problem['errors']).toEqual([expect.objectContaining({ pointer })]);
  });

  it('is not found without a provider', async () => {
    const bare = await startTestApp();
    const answered = await bare.call('/v1/tools/search', { method: 'POST', body: { query: 'pond' } });
    expect(expectProblem(answered, 404, 'NOT_FOUND')['message']).toContain('tools.search');
  });

  it.each([
    [{ provider: 'http-jsn', options: {} }, /did you mean "http-json"/],
    [{ provider: 'http-json', options: { url: 'http://a.example/' } }, /must hold \{query\}/],
  ])('does not start with %j', async (search, words) => {
    await expect(startTestApp({ tools: { search } })).rejects.toThrow(words);
  });
});
