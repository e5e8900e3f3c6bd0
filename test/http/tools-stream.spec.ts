import { type ServerResponse } from 'node:http';
import { Client, type HttpToolFrame } from '@llama-orch/client';
import { allOf } from '../support/all-of.js';
import { eventually } from '../support/eventually.js';
import { head, openSocket } from '../support/raw-http.js';
import { startTestApp, type TestApp } from '../support/start-app.js';
import { type Asked, Upstream } from '../support/upstream.js';
import { expectProblem, expectSchema } from './contract.js';

const PIECE = Buffer.alloc(64 * 1024, 'x');
let upstream: Upstream;
let app: TestApp;
let client: Client;
/** Bytes that the endless route has got rid of. */
let poured = 0;
let letGo: () => void = () => undefined;

function upstreamAnswer({ path }: Asked, response: ServerResponse): void {
  if (path === '/endless') return pour(response);
  response.writeHead(200, { 'content-type': path === '/bytes' ? 'image/png' : 'text/plain' });
  if (path === '/cut') return void response.write('half', () => setImmediate(() => response.destroy()));
  if (path === '/late') {
    letGo = () => response.end('pond');
    return void response.write('old ');
  }
  response.end(path === '/bytes' ? Buffer.from([0, 255]) : 'früher ein Teich');
}

/** Writes as fast as it is read. */
function pour(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream' });
  const more = () => {
    while (!response.destroyed && response.write(PIECE)) poured += PIECE.length;
    poured += PIECE.length;
  };
  response.on('drain', more);
  more();
}

beforeAll(async () => {
  upstream = await Upstream.start(upstreamAnswer);
  const tools = { max_bytes: 1024 ** 3, timeout_ms: 20_000 };
  app = await startTestApp({ egress: { ports: [upstream.port], rate_per_s: 1_000 }, tools });
  client = new Client({ url: app.url });
});
afterAll(() => upstream.close());

async function framesOf(call: object): Promise<HttpToolFrame[]> {
  const frames = await allOf(client.streamHttpTool({ url: upstream.url(), ...call }));
  expect(frames.map(({ id }) => id)).toEqual(frames.map((_, at) => at + 1));
  return frames;
}

describe('a streamed call (ORCH-4705)', () => {
  it('is a head, chunks and an end', async () => {
    const frames = await framesOf({ url: upstream.url('/') });
    const schemas = { head: 'HttpToolHead', chunk: 'HttpToolChunk', end: 'HttpToolEnd', error: 'HttpToolFailed' };
    for (const { event, data } of frames) expectSchema(schemas[event], data);
    expect(frames[0]).toMatchObject({
      event: 'head',
      data: { status: 200, headers: { 'content-type': 'text/plain' } },
    });
    expect(textOf(frames)).toBe('früher ein Teich');
    expect(frames.at(-1)).toMatchObject({ event: 'end', data: { bytes: 17, truncated: false } });
  });

  it('passes on what has come while the far side is still at it', async () => {
    const seen: string[] = [];
    for await (const { event, data } of client.streamHttpTool({ url: upstream.url('/late') })) {
      if (event === 'chunk') seen.push(data.text ?? '');
      if (event === 'chunk' && seen.length === 1) letGo();
    }
    expect(seen).toEqual(['old ', 'pond']);
  });

  it('ends at its cap, and says so', async () => {
    const frames = await framesOf({ max_bytes: 4 });
    expect(frames.at(-1)).toMatchObject({ event: 'end', data: { bytes: 4, truncated: true } });
  });

  it('gives bytes as Base64', async () => {
    expect((await framesOf({ url: upstream.url('/bytes') }))[1]).toMatchObject({ data: { base64: 'AP8=' } });
  });

  it('ends with an error when the far side breaks off, and begins with one when it never came', async () => {
    const cut = await framesOf({ url: upstream.url('/cut') });
    expect(cut.map(({ event }) => event)).toEqual(['head', 'chunk', 'error']);
    expect(cut.at(-1)).toMatchObject({ data: { error: { kind: 'protocol' } } });
    const never = await framesOf({ url: 'http://nowhere.invalid/' });
    expect(never).toEqual([expect.objectContaining({ event: 'error' })]);
  });

  it('is a problem when it is refused (ORCH-3080)', async () => {
    const body = { url: 'http://169.254.169.254/', stream: true };
    expectProblem(await app.call('/v1/tools/http', { method: 'POST', body }), 403, 'POLICY_DENIED');
  });

  it('keeps its correlation id, and proxies from holding it back (OC-CTRL-2052)', async () => {
    const headers = { 'x-correlation-id': 'corr-9' };
    const answer = await app.call('/v1/tools/http', {
      method: 'POST',
      body: { url: upstream.url('/'), stream: true },
      headers,
    });
    expect(answer.headers.get('x-correlation-id')).toBe('corr-9');
    expect(answer.headers.get('cache-control')).toBe('no-cache, no-transform');
  });

  it('does not hold what a slow reader leaves lying, and lets the far side go with the reader', async () => {
    const socket = await openSocket(app.url);
    socket.pause();
    const body = JSON.stringify({ url: upstream.url('/endless'), stream: true, max_bytes: 1024 ** 3 });
    const lines = ['POST /v1/tools/http HTTP/1.1', 'Host: localhost', 'Content-Type: application/json'];
    const left = upstream.left;
    socket.write(head(...lines, `Content-Length: ${body.length}`) + body);
    let before = -1;
    await eventually(() => {
      const stands = poured > 0 && poured === before;
      before = poured;
      expect(stands).toBe(true);
    });
    expect(poured).toBeLessThan(64 * 1024 * 1024);
    socket.destroy();
    await eventually(() => expect(upstream.left).toBe(left + 1));
  });

  it('lets the far side go when the loop is left', async () => {
    const left = upstream.left;
    for await (const { event } of client.streamHttpTool({ url: upstream.url('/endless') }))
      if (event === 'chunk') break;
    await eventually(() => expect(upstream.left).toBe(left + 1));
  });
});

it('a caller who leaves ends a call that is not streamed too, and nothing is logged as a failure (ORCH-4705)', async () => {
  const leaving = new AbortController();
  const left = upstream.left;
  const asked = upstream.asked.length;
  const answer = client.callHttpTool({ url: upstream.url('/late') }, { signal: leaving.signal });
  await eventually(() => expect(upstream.asked).toHaveLength(asked + 1));
  leaving.abort();
  await expect(answer).rejects.toThrow();
  await eventually(() => expect(upstream.left).toBe(left + 1));
  expect(app.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

function textOf(frames: readonly HttpToolFrame[]): string {
  return frames.map(({ event, data }) => (event === 'chunk' ? data.text : '')).join('');
}
