import { completion, startTestApp, type TestApp } from '../support/start-app.js';
import { head, sendRaw } from '../support/raw-http.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ID = 'agent-7:turn.3_x';

type Headers = Readonly<Record<string, string>>;
/** One way to get an answer; gives its status and correlation id. */
type Ask = (headers: Headers) => Promise<[status: number, correlationId: string | null | undefined]>;

let app: TestApp;
let ended: string;
beforeAll(async () => {
  app = await startTestApp({ limits: { body_bytes: 1024 } });
  ended = (await app.submit(completion())).task_id;
  await app.frames(ended);
});

function ask(path: () => string, call: { method?: string; body?: unknown; type?: string } = {}): Ask {
  const { type, ...rest } = call;
  return async (headers) => {
    const answer = await app.call(path(), {
      ...rest,
      headers: { ...headers, ...(type === undefined ? {} : { 'content-type': type }) },
    });
    return [answer.status, answer.headers.get('x-correlation-id')];
  };
}

function askRaw(...lines: readonly string[]): Ask {
  return async (headers) => {
    const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const answer = await sendRaw(app.url, head(...lines, ...own, 'Connection: close'));
    return [answer.status, answer.headers['x-correlation-id']];
  };
}

const POST = { method: 'POST' } as const;
const ANSWERS: Readonly<Record<string, Ask>> = {
  '202 of a task': ask(() => '/v1/tasks', { ...POST, body: completion() }),
  '200 of a task': ask(() => `/v1/tasks/${ended}`),
  '204 of a cancel': ask(() => `/v1/tasks/${ended}/cancel`, POST),
  '410 of a stream': ask(() => `/v1/tasks/${ended}/stream?after=999`),
  '400 of a body': ask(() => '/v1/tasks', { ...POST, body: '{' }),
  '400 of a path': askRaw('GET /v1/tasks/%zz HTTP/1.1', 'Host: localhost'),
  '400 of a missing host': askRaw('GET /livez HTTP/1.1'),
  '403 of a foreign host': askRaw('GET /livez HTTP/1.1', 'Host: example.org'),
  '404 of a route': ask(() => '/nowhere'),
  '405 of a method': ask(() => '/livez', { method: 'DELETE' }),
  '413 of a body': ask(() => '/v1/tasks', { ...POST, body: 'x'.repeat(2048) }),
  '415 of a media type': ask(() => '/v1/tasks', { ...POST, body: 'x', type: 'text/plain' }),
  '200 of an unknown expectation': askRaw('GET /livez HTTP/1.1', 'Host: localhost', 'Expect: a-miracle'),
  '200 of /metrics': ask(() => '/metrics'),
  '200 of /livez': ask(() => '/livez'),
  '200 of a document': ask(() => '/openapi/data.json'),
  '200 of a problem page': ask(() => '/problems/not-found'),
};

describe('X-Correlation-Id', () => {
  for (const [name, call] of Object.entries(ANSWERS)) {
    it(`is on the ${name}: the caller's when it is valid, else a fresh one (OC-CTRL-2052, OC-CLI-2701)`, async () => {
      const status = Number(name.slice(0, 3));
      expect(await call({ 'x-correlation-id': ID })).toEqual([status, ID]);
      const fresh = [
        await call({}),
        await call({ 'x-correlation-id': 'with space' }),
        await call({ 'x-correlation-id': 'x'.repeat(129) }),
      ];
      expect(fresh).toEqual(Array(3).fill([status, expect.stringMatching(UUID)]));
      expect(new Set(fresh.map(([, id]) => id)).size).toBe(3);
    });
  }

  it("of a stream is the caller's when it is valid, else that of the task (OC-CTRL-2052, ORCH-2002)", async () => {
    const { task_id } = await app.submit(completion(), { 'x-correlation-id': ID });
    expect((await app.follow(task_id)).headers['x-correlation-id']).toBe(ID);
    expect((await app.follow(task_id, { headers: { 'x-correlation-id': 'other' } })).headers['x-correlation-id']).toBe(
      'other',
    );
    expect((await app.follow(task_id, { headers: { 'x-correlation-id': '' } })).headers['x-correlation-id']).toBe(ID);
    expect(await app.task(task_id)).toMatchObject({ correlation_id: ID });
  });
});
