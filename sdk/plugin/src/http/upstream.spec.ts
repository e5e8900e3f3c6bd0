import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { type HttpHandlers, type HttpStream } from './http-stream.js';
import { Upstream } from './upstream.js';

const STREAM_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const CRLF = Buffer.from('\r\n');
const LIMITS = { headTimeoutMs: 5_000, idleTimeoutMs: 5_000 };
const ok = (body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** A TCP server that answers each request with what `answer` does to the socket. */
class RawServer {
  readonly sockets: Socket[] = [];
  requests: string[] = [];
  readonly #server: Server;

  constructor(answer: (socket: Socket, request: string, count: number) => void) {
    this.#server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        this.requests.push(String(bytes));
        answer(socket, String(bytes), this.requests.length);
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

interface Outcome {
  readonly data: string;
  readonly end: string;
}

function floodOf(upstream: Upstream, onBytes: (bytes: number) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    let total = 0;
    upstream.postStream('/s', '{}', LIMITS, {
      onData: (chunk) => (onBytes(chunk.length), (total += chunk.length)),
      onEnd: () => resolve(total),
      onReply: () => reject(new Error('no stream')),
      onFailure: reject,
    });
  });
}

/** Streams until something ends the exchange. */
function outcomeOf(upstream: Upstream, limits = LIMITS): Promise<Outcome> {
  return new Promise((resolve) => {
    let data = '';
    upstream.postStream('/s', '{}', limits, {
      onData: (chunk) => (data += String(chunk)),
      onEnd: () => resolve({ data, end: 'end' }),
      onReply: ({ status, text }) => resolve({ data, end: `${status} ${text}` }),
      onFailure: ({ kind }) => resolve({ data, end: kind }),
    });
  });
}

describe('Upstream', () => {
  const cleanups: (() => Promise<void>)[] = [];

  async function serve(
    answer: (socket: Socket, request: string, count: number) => void,
  ): Promise<[Upstream, RawServer]> {
    const server = new RawServer(answer);
    const upstream = new Upstream({ url: await server.listen(), headers: { authorization: 'Bearer k' } });
    cleanups.push(
      () => upstream.close(),
      () => server.close(),
    );
    return [upstream, server];
  }

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  it('lets no flood of streams hold the event loop, and loses none of its bytes (OC-ADAPT-5001)', async () => {
    const piece = Buffer.alloc(256 * 1024, 'x');
    const size = piece.length.toString(16);
    const [upstream] = await serve((socket) => {
      socket.write(STREAM_HEAD);
      for (let at = 0; at < 8; at += 1) socket.write(Buffer.concat([Buffer.from(`${size}\r\n`), piece, CRLF]));
      socket.write('0\r\n\r\n');
    });
    let [inTurn, most, running] = [0, 0, true];
    const watch = (): void => {
      [most, inTurn] = [Math.max(most, inTurn), 0];
      if (running) setImmediate(watch);
    };
    watch();
    const floods = await Promise.all(Array.from({ length: 16 }, () => floodOf(upstream, (bytes) => (inTurn += bytes))));
    running = false;
    expect(floods).toEqual(Array(16).fill(8 * piece.length));
    // Eight streams of 128 KiB, and what one read brings on top of each; unhindered it is over 4 MB.
    expect(most).toBeLessThan(3 * 1024 * 1024);
  });

  it('hands over a stream and reuses the connection for the next one (OC-ADAPT-5001)', async () => {
    const [upstream, server] = await serve((socket) => socket.write(`${STREAM_HEAD}3\r\nabc\r\n0\r\n\r\n`));
    expect(await outcomeOf(upstream)).toEqual({ data: 'abc', end: 'end' });
    // The client takes a connection back in the turn after its reply.
    await new Promise((resolve) => setImmediate(resolve));
    expect(await outcomeOf(upstream)).toEqual({ data: 'abc', end: 'end' });
    expect(server.sockets.length).toBe(1);
  });

  it.each([
    ['a missing last chunk', (socket: Socket) => socket.end(`${STREAM_HEAD}3\r\nabc\r\n`), 'truncated'],
    ['a close before the head', (socket: Socket) => socket.end(), 'no-reply'],
    ['a reset before the head', (socket: Socket) => socket.resetAndDestroy(), 'no-reply'],
    ['something that is not HTTP', (socket: Socket) => socket.end('SSH-2.0-nope\r\n\r\n'), 'malformed'],
    ['a broken chunk size', (socket: Socket) => socket.write(`${STREAM_HEAD}zz\r\n`), 'malformed'],
    ['a reply cut short', (socket: Socket) => socket.end('HTTP/1.1 500 X\r\nContent-Length: 9\r\n\r\nab'), 'truncated'],
  ])('tells %s (ORCH-3054)', async (_, answer, kind) => {
    const [upstream] = await serve(answer);
    expect((await outcomeOf(upstream)).end).toBe(kind);
  });

  it('tells a reset in the middle of a stream (ORCH-3054)', async () => {
    const [upstream] = await serve((socket) =>
      socket.write(`${STREAM_HEAD}3\r\nabc\r\n`, () => socket.resetAndDestroy()),
    );
    expect((await outcomeOf(upstream)).end).toBe('truncated');
  });

  it('tells a refused connection (ORCH-3054)', async () => {
    const [upstream, server] = await serve(() => undefined);
    await server.close();
    expect((await outcomeOf(upstream)).end).toBe('unreachable');
  });

  it('limits the wait for the head and the silence inside a stream apart (ORCH-3054)', async () => {
    const [silent] = await serve(() => undefined);
    expect((await outcomeOf(silent, { ...LIMITS, headTimeoutMs: 50 })).end).toBe('head-timeout');
    const [stalled] = await serve((socket) => socket.write(`${STREAM_HEAD}3\r\nabc\r\n`));
    expect(await outcomeOf(stalled, { ...LIMITS, idleTimeoutMs: 50 })).toEqual({ data: 'abc', end: 'idle-timeout' });
  });

  it('gives anything but a stream as a reply (ORCH-3054)', async () => {
    const [upstream] = await serve((socket) => socket.write(ok('{"error":1}')));
    expect((await outcomeOf(upstream)).end).toBe('200 {"error":1}');
  });

  it('refuses a reply that grows without end (ORCH-3054)', async () => {
    const head = 'HTTP/1.1 500 X\r\nContent-Length: 9999999\r\n\r\n';
    const [upstream] = await serve((socket) => socket.write(head + 'x'.repeat(70_000)));
    expect((await outcomeOf(upstream)).end).toBe('malformed');
  });

  it('closes the socket in the turn of the abort and calls nobody afterwards (ORCH-3017)', async () => {
    const [upstream, server] = await serve((socket) => socket.write(`${STREAM_HEAD}3\r\nabc\r\n`));
    const calls: string[] = [];
    const signal = new AbortController();
    const seen = new Promise<void>((resolve) => {
      const handlers: HttpHandlers = {
        onData: () => resolve(void calls.push('data')),
        onEnd: () => calls.push('end'),
        onReply: () => calls.push('reply'),
        onFailure: () => calls.push('failure'),
      };
      upstream.postStream('/s', '{}', LIMITS, handlers, signal.signal);
    });
    await seen;
    const closed = new Promise((resolve) => server.sockets[0]?.once('close', resolve));
    signal.abort();
    await closed;
    expect(calls).toEqual(['data']);
  });

  it('sends nothing for a signal that is already aborted (ORCH-3017)', async () => {
    const [upstream, server] = await serve((socket) => socket.write(ok('{}')));
    const fail = (): never => {
      throw new Error('no handler may be called');
    };
    upstream.postStream(
      '/s',
      '{}',
      LIMITS,
      { onData: fail, onEnd: fail, onReply: fail, onFailure: fail },
      AbortSignal.abort(),
    );
    await upstream.getJson('/after', { timeoutMs: 1_000 });
    expect(server.requests).toHaveLength(1);
  });

  it('stops reading while paused and reads on when resumed (ORCH-4507)', async () => {
    const block = Buffer.alloc(256 * 1024, 'x');
    const [upstream, server] = await serve((socket) => {
      socket.write(`${STREAM_HEAD}${(block.length * 64).toString(16)}\r\n`);
      for (let sent = 0; sent < 64; sent += 1) socket.write(block);
      socket.write('\r\n0\r\n\r\n');
    });
    let bytes = 0;
    let stream: HttpStream | undefined;
    const paused = new Promise<number>((resolve) => {
      const ended = new Promise<void>((end, fail) => {
        stream = upstream.postStream('/s', '{}', LIMITS, {
          onData(chunk) {
            if (bytes === 0) stream?.pause();
            bytes += chunk.length;
            if (bytes === chunk.length) setImmediate(() => resolve(bytes));
          },
          onEnd: () => end(),
          onReply: () => fail(new Error('no stream')),
          onFailure: fail,
        });
      });
      cleanups.unshift(() => ended);
    });
    expect(await paused).toBeLessThanOrEqual(64 * 1024);
    expect(server.sockets[0]?.writableNeedDrain).toBe(true);
    stream?.resume();
    await cleanups.shift()?.();
    expect(bytes).toBe(block.length * 64);
  });

  it('tries an idempotent call again after a lost connection, at most as often as allowed (ORCH-3054)', async () => {
    const [lucky, luckyServer] = await serve((socket, _, count) =>
      count < 3 ? socket.destroy() : socket.write(ok('{"a":1}')),
    );
    expect((await lucky.getJson('/x', { timeoutMs: 1_000, retries: 2 })).text).toBe('{"a":1}');
    expect(luckyServer.requests).toHaveLength(3);
    const [once, onceServer] = await serve((socket) => socket.destroy());
    await expect(once.postJson('/x', {}, { timeoutMs: 1_000 })).rejects.toMatchObject({ kind: 'no-reply' });
    expect(onceServer.requests).toHaveLength(1);
  });

  it('bounds a call in time, also when the reply trickles, and does not repeat it (ORCH-3054)', async () => {
    const [upstream, server] = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx'));
    await expect(upstream.getJson('/x', { timeoutMs: 60, retries: 2 })).rejects.toMatchObject({ kind: 'call-timeout' });
    expect(server.requests).toHaveLength(1);
  });

  it('gives a call up when its signal aborts (ORCH-3017)', async () => {
    const abort = new AbortController();
    const [upstream] = await serve(() => abort.abort());
    await expect(upstream.getJson('/x', { timeoutMs: 5_000, signal: abort.signal })).rejects.toMatchObject({
      kind: 'aborted',
    });
  });

  it('puts the path of its url in front and sends no header but its own (ORCH-4504)', async () => {
    const [plain, server] = await serve((socket) => socket.write(ok('{}')));
    const upstream = new Upstream({ url: `${plain.origin}/base/`, headers: { authorization: 'Bearer k' } });
    cleanups.unshift(() => upstream.close());
    await upstream.postJson('/x', { a: 1 }, { timeoutMs: 1_000 });
    const [head = '', body] = server.requests[0]?.split('\r\n\r\n') ?? [];
    const names = head.split('\r\n').map((line) => line.split(':')[0]?.toLowerCase());
    expect(names).toEqual([
      'post /base/x http/1.1',
      'host',
      'connection',
      'authorization',
      'content-type',
      'content-length',
    ]);
    expect(body).toBe('{"a":1}');
  });

  it.each(['ftp://127.0.0.1', 'nonsense', 'http://user:secret@127.0.0.1'])(
    'refuses the url %s without repeating it',
    (url) => {
      expect(() => new Upstream({ url })).toThrow(TypeError);
      expect(() => new Upstream({ url })).not.toThrow('secret');
    },
  );
});
