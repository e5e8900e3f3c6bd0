import { type ServerResponse } from 'node:http';
import { Client } from '@llama-orch/client';
import { allOf } from '../support/all-of.js';
import { startTestApp, type TestApp } from '../support/start-app.js';
import { type Asked, Upstream } from '../support/upstream.js';
import { expectProblem } from './contract.js';

const AWS_KEY = `AKIA${'Q3EGRW7ZLTMVX2PN'}`;
const PERSON = `jane.doe@mail.example has ${AWS_KEY}`;

let upstream: Upstream;
let app: TestApp;

function upstreamAnswer({ path }: Asked, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': path === '/json' ? 'application/json' : 'text/plain' });
  if (path === '/long') return void response.write('x'.repeat(500), () => response.end('x'.repeat(500)));
  if (path === '/json') return void response.end(JSON.stringify({ person: PERSON, id: 7 }));
  // In two pieces, so that neither holds what has to be hidden.
  response.write(PERSON.slice(0, 10), () => response.end(PERSON.slice(10)));
}

beforeAll(async () => {
  upstream = await Upstream.start(upstreamAnswer);
  const policies = [
    { builtin: 'size-limit', settings: { max_response_bytes: 200 } },
    { builtin: 'redact-secrets' },
    { builtin: 'pii-mask', settings: { pointers: ['/id'] } },
  ];
  app = await startTestApp({
    egress: { ports: [upstream.port], rate_per_s: 1_000 },
    policies,
    policy: { deadline_ms: 10_000 },
  });
});
afterAll(() => upstream.close());

const call = (path: string, stream: boolean) =>
  app.call<{ readonly body?: string }>('/v1/tools/http', {
    method: 'POST',
    body: { url: upstream.url(path), stream },
  });

async function streamed(path: string): Promise<string> {
  const client = new Client({ url: app.url });
  const frames = await allOf(client.streamHttpTool({ url: upstream.url(path) }));
  expect(frames.at(-1)?.event).toBe('end');
  return frames.map(({ event, data }) => (event === 'chunk' ? data.text : '')).join('');
}

describe('policies about answers', () => {
  it.each([false, true])(
    'refuse what is too long, whether or not it is streamed: %s (OC-POLICY-4031)',
    async (stream) => {
      const problem = await call('/long', stream);
      expectProblem(problem, 403, 'POLICY_DENIED');
      expect(problem.body).toMatchObject({ policy: { id: 'size-limit' }, policy_code: 'RESPONSE_TOO_LARGE' });
    },
  );

  it.each(['/text', '/json'])(
    'hide the same in a stream as in a plain answer of %s (OC-POLICY-4031, OC-POLICY-SDK-4112)',
    async (path) => {
      const plain = (await call(path, false)).body.body!;
      expect(plain).not.toContain(AWS_KEY);
      expect(plain).not.toContain('jane.doe');
      expect(await streamed(path)).toBe(plain);
      if (path === '/json') expect(JSON.parse(plain)).toMatchObject({ id: '****' });
    },
  );
});
