import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { type WireReply, type WireRequest } from './engine-wire.js';

/** Pieces of a body; each is sent as an HTTP chunk of its own, and waits until the one before has left. */
export type Pieces = Iterable<Buffer | string> | AsyncIterable<Buffer | string>;

/** What the server does with one call of the generate route. */
export type Script =
  | { readonly type: 'reply'; readonly reply: WireReply }
  /** The connection stays open, and not even a head comes. */
  | { readonly type: 'silence' }
  /** The connection is reset before a head. */
  | { readonly type: 'refuse' }
  | { readonly type: 'stream'; readonly pieces: Pieces; readonly ending: Ending; readonly contentType?: string };

/**
 * - `whole`: a complete HTTP reply
 * - `unfinished`: the connection closes without the last chunk
 * - `reset`: TCP reset
 * - `open`: nothing more comes
 */
export type Ending = 'whole' | 'unfinished' | 'reset' | 'open';

/** One call of the generate route. */
export interface Exchange {
  readonly request: WireRequest;
  /** Bytes handed to the connection. */
  readonly sentBytes: number;
  /** The adapter closed the connection before the reply was complete. */
  readonly isAbandoned: boolean;
  /** The server has sent everything and ended the reply, or cut the connection, itself. */
  readonly isEnded: boolean;
}

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

/** An HTTP server on 127.0.0.1 that does what a check tells it. */
export class ScriptedServer {
  /** Every request, in order. */
  readonly requests: WireRequest[] = [];
  /** The calls of the generate route. */
  readonly exchanges: Exchange[] = [];
  /** What the generate route does next. */
  script: (request: WireRequest) => Script = () => ({ type: 'silence' });
  /** What the other routes answer; undefined = 404, `silence` = nothing at all. */
  answer: (request: WireRequest) => WireReply | 'silence' | undefined = () => undefined;
  readonly #server = createServer({ keepAliveTimeout: 5_000 }, (request, response) => {
    // A client that leaves while it is read has no answer to get.
    this.#serve(request, response).catch(() => response.destroy());
  });

  private constructor(private readonly route: string) {}

  static async start(route: string): Promise<ScriptedServer> {
    const server = new ScriptedServer(route);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts every connection and stops listening. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    this.requests.push(request);
    if (`${request.method} ${request.path}` === this.route) return this.#generate(request, response);
    const reply = this.answer(request);
    if (reply !== 'silence') send(response, reply ?? { status: 404, body: {} });
  }

  async #generate(request: WireRequest, response: ServerResponse): Promise<void> {
    const exchange = { request, sentBytes: 0, isAbandoned: false, isEnded: false };
    this.exchanges.push(exchange);
    response.on('close', () => noteClose(exchange, response));
    const script = this.script(request);
    if (script.type === 'refuse') (response.socket as Socket).resetAndDestroy();
    if (script.type === 'reply') send(response, script.reply);
    if (script.type === 'stream') await play(script, response, exchange);
  }
}

async function play(
  { pieces, ending, contentType = 'text/event-stream' }: Script & { type: 'stream' },
  response: ServerResponse,
  exchange: Mutable<Exchange>,
): Promise<void> {
  const socket = response.socket as Socket;
  socket.setNoDelay(true);
  response.writeHead(200, { 'content-type': contentType, 'transfer-encoding': 'chunked' });
  response.flushHeaders();
  for await (const piece of pieces) {
    if (response.destroyed) return;
    const hasRoom = response.write(piece);
    exchange.sentBytes += piece.length;
    if (!hasRoom) await drained(response);
  }
  if (ending === 'open' || response.destroyed) return;
  exchange.isEnded = true;
  if (ending === 'whole') response.end();
  else if (ending === 'unfinished') socket.end();
  else socket.resetAndDestroy();
}

function noteClose(exchange: Mutable<Exchange>, response: ServerResponse): void {
  if (!response.writableFinished && !exchange.isEnded) exchange.isAbandoned = true;
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
  });
}

function send(response: ServerResponse, { status = 200, headers = {}, body }: WireReply): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.setHeader('content-type', typeof body === 'string' ? 'text/plain' : 'application/json');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.writeHead(status, { 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

async function readRequest(incoming: IncomingMessage): Promise<WireRequest> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  const [path = '/'] = (incoming.url ?? '/').split('?');
  const { method = 'GET', headers } = incoming;
  return { method, path, headers, body: parse(Buffer.concat(parts).toString()) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
