import { exchange, head, sendRaw } from '../support/raw-http.js';
import { completion, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem, expectProblemBody } from './contract.js';

const MIB = 1024 * 1024;
const TASK_ID = '0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});

afterEach(async () => {
  expect(app.lines.filter(({ event }) => event === 'internal')).toEqual([]);
  expect((await app.post(completion('still here', { max_tokens: 1 }))).status).toBe(202);
});

/** JSON text of a task with a member as it is written, which `JSON.stringify` would not write. */
function withLiteral(member: string, literal: string): string {
  const { [member]: _replaced, ...rest } = completion();
  return `{"${member}":${literal},${JSON.stringify(rest).slice(1)}`;
}

const EMBEDDING = { workload: 'embedding', model_ref: 'mock-model', priority: 'batch' };

/** What is sent, and where the refusal points. */
const FIELDS: readonly (readonly [what: string, body: unknown, pointer: string])[] = [
  ['an unknown member', completion('x', { colour: 'red' }), '/colour'],
  ['an unknown sampling parameter', completion('x', { params: { heat: 1 } }), '/params/heat'],
  ['a member named __proto__', withLiteral('__proto__', '{"admin":true}'), '/__proto__'],
  ['a member that needs escaping', completion('x', { 'a/b~c': 1 }), '/a~1b~0c'],
  ['no workload', { ...completion(), workload: undefined }, '/workload'],
  ['an unknown workload', completion('x', { workload: 'poetry' }), '/workload'],
  ['no model', { ...completion(), model_ref: undefined }, '/model_ref'],
  ['a model of the wrong type', completion('x', { model_ref: 7 }), '/model_ref'],
  ['a model ref with a way up', completion('x', { model_ref: 'file:/../etc/passwd' }), '/model_ref'],
  ['no priority', { ...completion(), priority: undefined }, '/priority'],
  ['an unknown priority', completion('x', { priority: 'urgent' }), '/priority'],
  ['a task id that is no UUID', completion('x', { task_id: '../../etc' }), '/task_id'],
  ['a session id that is no UUID', completion('x', { session_id: 's' }), '/session_id'],
  ['a prompt and messages', completion('x', { messages: [{ role: 'user', content: 'x' }] }), '/messages'],
  ['neither prompt nor messages', { ...completion(), prompt: undefined }, '/messages'],
  ['inputs in a completion', completion('x', { inputs: ['x'] }), '/inputs'],
  ['no max_tokens in a completion', { ...completion(), max_tokens: undefined }, '/max_tokens'],
  ['max_tokens 0', completion('x', { max_tokens: 0 }), '/max_tokens'],
  ['max_tokens over the limit', completion('x', { max_tokens: 50_001 }), '/max_tokens'],
  ['max_tokens with a fraction', completion('x', { max_tokens: 1.5 }), '/max_tokens'],
  ['max_tokens as text', completion('x', { max_tokens: '5' }), '/max_tokens'],
  ['max_tokens beyond the context', completion('x', { max_tokens: 9_000 }), '/max_tokens'],
  ['a negative ctx', completion('x', { ctx: -1 }), '/ctx'],
  ['a ctx above the pool', completion('x', { ctx: 8_193 }), '/ctx'],
  ['a prompt of the wrong type', completion('x', { prompt: { text: 'x' } }), '/prompt'],
  ['no messages', { ...completion(), prompt: undefined, messages: [] }, '/messages'],
  [
    'a message of an unknown role',
    { ...completion(), prompt: undefined, messages: [{ role: 'god', content: 'x' }] },
    '/messages/0/role',
  ],
  [
    'a message without content',
    { ...completion(), prompt: undefined, messages: [{ role: 'user' }] },
    '/messages/0/content',
  ],
  ['an embedding with a prompt', { ...EMBEDDING, inputs: ['x'], prompt: 'x' }, '/prompt'],
  ['an embedding without inputs', EMBEDDING, '/inputs'],
  ['an embedding of nothing', { ...EMBEDDING, inputs: [] }, '/inputs'],
  ['an embedding of numbers', { ...EMBEDDING, inputs: [1] }, '/inputs/0'],
  ['an embedding of too many', { ...EMBEDDING, inputs: Array<string>(257).fill('x') }, '/inputs'],
  ['a rerank without a query', { ...EMBEDDING, workload: 'rerank', inputs: ['x'] }, '/prompt'],
  ['a seed above 2^53-1 as a number', withLiteral('seed', '9007199254740993'), '/seed'],
  ['a seed with a fraction', withLiteral('seed', '1.0'), '/seed'],
  ['a seed with an exponent', withLiteral('seed', '1e3'), '/seed'],
  ['a negative seed', completion('x', { seed: -1 }), '/seed'],
  ['a seed above 2^63-1', completion('x', { seed: '9223372036854775808' }), '/seed'],
  ['a seed in hexadecimal', completion('x', { seed: '0x10' }), '/seed'],
  ['a seed that is no number', completion('x', { seed: true }), '/seed'],
  ['a deadline with a fraction', withLiteral('deadline_ms', '1000.0'), '/deadline_ms'],
  ['a deadline beyond a day', completion('x', { deadline_ms: 86_400_001 }), '/deadline_ms'],
  ['a deadline beyond a day, as text', completion('x', { deadline_ms: '86400001' }), '/deadline_ms'],
  ['a deadline as words', completion('x', { deadline_ms: 'soon' }), '/deadline_ms'],
  ['expected_tokens 0', completion('x', { expected_tokens: 0 }), '/expected_tokens'],
  ['an unknown engine', completion('x', { engine: 'abacus' }), '/engine'],
  ['an engine that does not serve the model', completion('x', { engine: 'llamacpp' }), '/engine'],
  ['an unknown profile', completion('x', { sampler_profile_version: 'v9' }), '/sampler_profile_version'],
  ['labels that no pool carries', completion('x', { pool_labels: { zone: 'mars' } }), '/pool_labels'],
  ['labels named like members of every object', completion('x', { pool_labels: { constructor: 'x' } }), '/pool_labels'],
  ['temperature out of range', completion('x', { params: { temperature: 2.1 } }), '/params/temperature'],
  ['top_p 0', completion('x', { params: { top_p: 0 } }), '/params/top_p'],
  ['top_k out of range', completion('x', { params: { top_k: 1_001 } }), '/params/top_k'],
  ['too many stop strings', completion('x', { params: { stop: Array<string>(9).fill('x') } }), '/params/stop'],
  ['a stop string that is too long', completion('x', { params: { stop: ['é'.repeat(129)] } }), '/params/stop/0'],
  [
    'tools on an engine without them',
    completion('x', { params: { tools: [{ type: 'function', function: { name: 'f' } }] } }),
    '/params/tools',
  ],
  [
    'a response format that the engine lacks',
    completion('x', { params: { response_format: { type: 'json_object' } } }),
    '/params/response_format',
  ],
  ['a list', [completion()], ''],
  ['null', 'null', ''],
  ['text', '"x"', ''],
  ['nothing', '', ''],
  ['half a body', '{"workload":', ''],
  ['two bodies', '{}{}', ''],
  ['bad UTF-8', Buffer.concat([Buffer.from('{"prompt":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]), ''],
  ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), ''],
  ['nesting of 65', '['.repeat(65) + ']'.repeat(65), ''],
  ['nesting of a million', '['.repeat(MIB), ''],
];

describe('POST /v1/tasks with', () => {
  it.each(FIELDS)(
    '%s is 400 and points to it (ORCH-4107, ORCH-4104, ORCH-4112, ORCH-2006, HME-032)',
    async (_what, body, pointer) => {
      const problem = expectProblem(await app.post(body), 400, 'INVALID_PARAMS');
      const pointers = (problem['errors'] as { pointer: string }[]).map((error) => error.pointer);
      expect(pointers).toContain(pointer);
      expect(problem['retriable']).toBe(false);
    },
  );

  it('several faults names every one (ORCH-2006, ORCH-4401)', async () => {
    const problem = expectProblem(
      await app.post(completion('x', { max_tokens: 0, priority: 'x', colour: 1, params: { top_p: 9 } })),
      400,
      'INVALID_PARAMS',
    );
    const pointers = (problem['errors'] as { pointer: string }[]).map((error) => error.pointer).toSorted();
    expect(pointers).toEqual(['/colour', '/max_tokens', '/params/top_p', '/priority']);
  });

  it.each([
    ['a number', '9007199254740991'],
    ['text', '"9007199254740993"'],
    ['zero', '0'],
  ])('an exact seed as %s is admitted (ORCH-4104)', async (_form, literal) => {
    const { body } = await app.post<{ seed: unknown }>(withLiteral('seed', literal));
    expect(body.seed).toBe(JSON.parse(literal));
  });

  it('a literal of many digits inside a prompt is only text (ORCH-4104)', async () => {
    expect((await app.post(completion('9007199254740993 1.0 1e3'))).status).toBe(202);
  });

  it('an unknown model is 404 and names near ones (ORCH-3090)', async () => {
    const problem = expectProblem(await app.post(completion('x', { model_ref: 'mock-modle' })), 404, 'NOT_FOUND');
    expect(problem['message']).toContain('mock-model');
  });

  it.each([
    ['an unknown member', completion('x', { colour: 1 }), 'mock'],
    ['the engine of a pool', completion('x', { engine: 'mock', model_ref: 'nobody' }), 'mock'],
    ['an unknown model', completion('x', { model_ref: 'nobody' }), null],
    ['no JSON', '{', null],
  ])('%s names the engine that would have served, if any (ORCH-2006, OC-CTRL-2031)', async (_what, body, engine) => {
    expect((await app.post(body)).body['engine']).toBe(engine);
  });

  it('5 MiB is 413, with or without a length (ORCH-4302)', async () => {
    expectProblem(await app.post('x'.repeat(5 * MIB)), 413, 'PAYLOAD_TOO_LARGE');
    const chunk = `${MIB.toString(16)}\r\n${'x'.repeat(MIB)}\r\n`;
    const lines = [
      'POST /v1/tasks HTTP/1.1',
      'Host: localhost',
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
      'Connection: close',
    ];
    const answer = await sendRaw(app.url, `${head(...lines)}${chunk.repeat(5)}0\r\n\r\n`);
    expect(answer.status).toBe(413);
    expectProblemBody(JSON.parse(answer.body) as Record<string, unknown>, 413);
  });

  it.each([
    ['members that nobody knows', `{${Array.from({ length: 250_000 }, (_, index) => `"m${index}":1`).join(',')}}`],
    ['inputs that are no text', JSON.stringify({ ...EMBEDDING, inputs: Array<number>(1_900_000).fill(1) })],
    ['messages without a role', JSON.stringify(completion('x', { messages: Array<object>(1_300_000).fill({}) }))],
  ])('4 MB of %s is 400 and holds nobody up for long (ORCH-4107, OC-CTRL-2030)', async (_what, body) => {
    // Work, not time: a machine that is busy with other things is not held up by this one.
    const before = process.cpuUsage();
    const [answer] = await Promise.all([app.post(body), app.call('/livez')]);
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(5e6);
    expectProblem(answer, 400, 'INVALID_PARAMS');
    expect(answer.text.length).toBeLessThan(10_000);
  });

  it.each([
    ['text', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['an encoded body', { 'content-encoding': 'gzip' }],
  ])('%s is 415 (ORCH-4302)', async (_what, headers) => {
    expectProblem(await app.post('x', headers), 415, 'INVALID_PARAMS');
  });

  it.each([
    ['empty', ''],
    ['too long', 'x'.repeat(256)],
  ])('an Idempotency-Key that is %s is 400 (ORCH-4103)', async (_what, key) => {
    expectProblem(await app.post(completion(), { 'idempotency-key': key }), 400, 'INVALID_PARAMS');
  });
});

describe('A path', () => {
  it.each([
    ['/v1/tasks/not-a-uuid', 404],
    [`/v1/tasks/${TASK_ID}`, 404],
    [`/v1/tasks/${TASK_ID}/stream`, 404],
    [`/v1/tasks/${TASK_ID}/`, 404],
    ['/v1/tasks/../pools', 404],
    ['/v1/tasks/%2e%2e', 404],
    ['/v1/tasks/%2e%2e%2f%2e%2e%2fetc%2fpasswd', 404],
    ['/v1/tasks/%00', 404],
    ['/v1/tasks/%zz', 400],
    ['/v1/tasks/%ff', 400],
    [`/v1/tasks/${'x'.repeat(600)}`, 404],
    ['/v1/pools/nobody/health', 404],
    ['/v1/pools/%2e%2e%2fx/health', 404],
    ['/openapi/..%2f..%2fpackage.json', 404],
    ['/problems/constructor', 404],
    ['/V1/tasks', 404],
    ['//v1/tasks', 404],
    ['/v1/v1/tasks', 404],
    ['/nowhere?x=1', 404],
    ['*', 404],
    ['http://localhost/nowhere', 404],
  ] as const)('%s is %i, not served (ORCH-4302, ORCH-4301)', async (path, status) => {
    const answer = await sendRaw(app.url, head(`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close'));
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expectProblemBody(JSON.parse(answer.body) as Record<string, unknown>, status);
  });

  it.each([
    ['DELETE', '/v1/tasks', 'POST, GET'],
    ['PUT', `/v1/tasks/${TASK_ID}`, 'GET'],
    ['GET', `/v1/tasks/${TASK_ID}/cancel`, 'POST'],
    ['POST', '/metrics', 'GET'],
    ['PATCH', '/v1/pools', 'GET'],
    ['OPTIONS', '/v1/tasks', 'POST, GET'],
    ['PROPFIND', '/v1/tasks', 'POST, GET'],
  ])('does not take %s %s and says what it takes: %s (ORCH-4302)', async (method, path, allow) => {
    const answer = await sendRaw(app.url, head(`${method} ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close'));
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']?.split(', ').toSorted()).toEqual(allow.split(', ').toSorted());
    expectProblemBody(JSON.parse(answer.body) as Record<string, unknown>, 405);
  });

  it.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'limit=-1',
    'cursor=!!',
    'cursor=',
    'state=asleep',
    'session_id=a&session_id=b',
    'pool_id=a&pool_id=b',
  ])('/v1/tasks?%s is 400 (ORCH-4106)', async (query) => {
    expectProblem(await app.call(`/v1/tasks?${query}`), 400, 'INVALID_PARAMS');
  });
});

describe('A request on the wire', () => {
  const post = (...lines: readonly string[]) =>
    head('POST /v1/tasks HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', 'Connection: close', ...lines);

  it.each([
    ['without a Host', head('GET /livez HTTP/1.1', 'Connection: close'), 400],
    ['with an empty Host', head('GET /livez HTTP/1.1', 'Host:', 'Connection: close'), 400],
    ['with two Hosts', head('GET /livez HTTP/1.1', 'Host: localhost', 'Host: localhost', 'Connection: close'), 400],
    ['for a foreign Host', head('GET /livez HTTP/1.1', 'Host: evil.example', 'Connection: close'), 403],
    [
      'for a Host that only begins well',
      head('GET /livez HTTP/1.1', 'Host: localhost.evil.example', 'Connection: close'),
      403,
    ],
    ['that is no HTTP', 'hello\r\n\r\n', 400],
    ['of an unknown method', head('FETCH / HTTP/1.1', 'Host: localhost'), 400],
    ['with two lengths', `${post('Content-Length: 2', 'Content-Length: 3')}{}`, 400],
    ['with a length and chunks', `${post('Content-Length: 2', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 400],
    ['with a negative length', post('Content-Length: -1'), 400],
    ['with broken chunks', `${post('Transfer-Encoding: chunked')}zz\r\n`, 400],
    ['with a head of 20 KiB', head('GET /livez HTTP/1.1', 'Host: localhost', `X-Large: ${'x'.repeat(20_000)}`), 413],
    ['with a path of 20 KiB', head(`GET /${'x'.repeat(20_000)} HTTP/1.1`, 'Host: localhost'), 413],
    ['with a zero byte in a header', head('GET /livez HTTP/1.1', 'Host: localhost', 'X-Zero: a\0b'), 400],
  ])('%s is refused with a problem (ORCH-4111, ORCH-4301)', async (_what, bytes, status) => {
    const answer = await sendRaw(app.url, bytes);
    expect(answer.status).toBe(status);
    const body = JSON.parse(answer.body) as Record<string, unknown>;
    expectProblemBody(body, status);
    expect(answer.headers['x-correlation-id']).toBe(body['correlation_id']);
  });

  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '[::1]', 'localhost:1234'])(
    'for Host %s is served on loopback (ORCH-4111)',
    async (host) => {
      expect((await sendRaw(app.url, head('GET /livez HTTP/1.1', `Host: ${host}`, 'Connection: close'))).status).toBe(
        200,
      );
    },
  );

  it('of HTTP/1.0 can follow a stream (ORCH-2002)', async () => {
    const { task_id } = await app.submit(completion('x', { max_tokens: 2 }));
    const answer = await sendRaw(app.url, head(`GET /v1/tasks/${task_id}/stream HTTP/1.0`, 'Host: localhost'));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatch(/^id: 1\nevent: started\n[^]*event: end\ndata: .*\n\n$/);
  });

  it('behind another one on the same connection gets its own answer (ORCH-2002)', async () => {
    const { task_id } = await app.submit(completion('[[mock:token_ms=2]]', { max_tokens: 5 }));
    const stream = head(`GET /v1/tasks/${task_id}/stream HTTP/1.1`, 'Host: localhost');
    const probe = head('GET /livez HTTP/1.1', 'Host: localhost', 'Connection: close');
    const [, first, second, third] = (await exchange(app.url, stream + stream + probe)).split('HTTP/1.1 200 OK');
    expect([first, second].map((answer) => answer?.match(/event: end/g)?.length)).toEqual([1, 1]);
    expect(third).toMatch(/\r\n\r\nok$/);
  });
});

describe('server.allowed_hosts', () => {
  it('adds names that Host may carry (ORCH-4111)', async () => {
    const named = await startTestApp({ server: { bind: '127.0.0.1:0', allowed_hosts: ['gpu.lan'] } });
    expect(
      (await sendRaw(named.url, head('GET /livez HTTP/1.1', 'Host: GPU.lan:8080', 'Connection: close'))).status,
    ).toBe(200);
  });
});
