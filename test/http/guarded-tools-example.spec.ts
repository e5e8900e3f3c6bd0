import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { startTestApp, type TestApp, type TestConfig } from '../support/start-app.js';
import { Upstream } from '../support/upstream.js';

const EXAMPLES = new URL('../../examples/', import.meta.url);
const config = parse(readFileSync(new URL('guarded-tools.yaml', EXAMPLES), 'utf8')) as TestConfig;
const readme = readFileSync(new URL('guarded-tools/README.md', EXAMPLES), 'utf8');
const bodies = [...readme.matchAll(/-d '([^']+)'/g)].map(([, body = '']) => body);

let upstream: Upstream;
let app: TestApp;
beforeAll(async () => {
  upstream = await Upstream.start((_asked, response) =>
    response.setHeader('content-type', 'text/plain').end('old pond'),
  );
  const egress = { ...(config['egress'] as object), ports: [upstream.port] };
  // A busy test machine takes longer than a policy may.
  const policy = { ...(config['policy'] as object), deadline_ms: 60_000 };
  app = await startTestApp({ ...config, egress, policy });
});
afterAll(() => upstream.close());

it.each([
  ['the host that is listed', 0, { status: 200, body: 'old pond', policy: { decision: 'allow' } }],
  ['another host', 1, { status: 403, code: 'POLICY_DENIED', policy: { id: 'allow-hosts' }, hint: expect.any(String) }],
  ['a method that is not listed', 2, { status: 403, code: 'POLICY_DENIED', policy: { id: 'method-guard' } }],
])('the example does what it says with %s (ORCH-4702, ORCH-4705)', async (_what, at, answer) => {
  const body = JSON.parse(bodies[at]!.replace('8099', String(upstream.port))) as object;
  const before = upstream.asked.length;
  expect((await app.call('/v1/tools/http', { method: 'POST', body })).body).toMatchObject(answer);
  expect(upstream.asked.length - before).toBe(answer.status === 200 ? 1 : 0);
});
