import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

/** How one answer goes wrong. */
export type Misdeed =
  /** The connection ends after so many bytes of the body. */
  | { readonly type: 'cut'; readonly after: number }
  /** All of it, whatever part was asked for. */
  | { readonly type: 'ignore-range' }
  /** A part that begins elsewhere, and says so. */
  | { readonly type: 'wrong-part'; readonly shift: number }
  /** The right bytes under a `Content-Range` of another file. */
  | { readonly type: 'wrong-total'; readonly total: number }
  | { readonly type: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly type: 'redirect'; readonly location: string }
  /** Neither a length nor a tag. */
  | { readonly type: 'no-length' }
  /** Says that it has so many bytes. */
  | { readonly type: 'length'; readonly length: number }
  /** Sends so many bytes, then nothing, and leaves the connection open. */
  | { readonly type: 'stall'; readonly after: number };

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** First byte that was asked for; undefined: all. */
  readonly from: number | undefined;
}

type Misbehave = (request: SeenRequest, count: number) => Misdeed | undefined;
type Respond = (request: IncomingMessage, response: ServerResponse, seen: SeenRequest) => void;

interface Served {
  body: Buffer;
  etag: string;
  misbehave: Misbehave;
  count: number;
}

/** A server of large files that misbehaves on request. */
export class ModelServer {
  readonly requests: SeenRequest[] = [];
  private readonly files = new Map<string, Served>();
  private readonly routes = new Map<string, Respond>();

  private constructor(private readonly server: Server) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.answer(request, response));
  }

  static async start(): Promise<ModelServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ModelServer(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Serves a file; the same path again is a changed file. */
  file(path: string, body: Buffer, misbehave: Misbehave = () => undefined, etag = etagOf(body)): string {
    this.files.set(path, { body, etag, misbehave, count: 0 });
    return `${this.url}${path}`;
  }

  /** Answers paths that begin like this by itself; the last one that fits is asked. */
  route(prefix: string, respond: Respond): void {
    this.routes.set(prefix, respond);
  }

  requestsFor(path: string): readonly SeenRequest[] {
    return this.requests.filter((request) => request.path === path);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url: path = '', headers } = request;
    const from = /^bytes=(\d+)-/.exec(headers.range ?? '')?.[1];
    const seen = { method, path, headers, from: from === undefined ? undefined : Number(from) };
    this.requests.push(seen);
    const route = [...this.routes].findLast(([prefix]) => path.startsWith(prefix))?.[1];
    if (route !== undefined) return route(request, response, seen);
    const served = this.files.get(path);
    if (served === undefined) return void response.writeHead(404).end();
    served.count += 1;
    new FileAnswer(served, seen, response).send(served.misbehave(seen, served.count));
  }
}

class FileAnswer {
  constructor(
    private readonly served: Served,
    private readonly request: SeenRequest,
    private readonly response: ServerResponse,
  ) {}

  send(misdeed: Misdeed | undefined): void {
    const { response } = this;
    if (misdeed?.type === 'status') return void response.writeHead(misdeed.status, misdeed.headers).end();
    if (misdeed?.type === 'redirect') return void response.writeHead(302, { location: misdeed.location }).end();
    const { body, etag } = this.served;
    const range = this.range(misdeed);
    const bytes = range === undefined ? body : body.subarray(range.from, range.to + 1);
    const length = misdeed?.type === 'length' ? misdeed.length : bytes.length;
    if (misdeed?.type === 'no-length') response.writeHead(range === undefined ? 200 : 206);
    else
      response.writeHead(range === undefined ? 200 : 206, {
        ...{ 'content-length': length, etag, 'accept-ranges': 'bytes' },
        ...(range === undefined ? {} : { 'content-range': `bytes ${range.from}-${range.to}/${range.total}` }),
      });
    this.body(bytes, misdeed);
  }

  private body(bytes: Buffer, misdeed: Misdeed | undefined): void {
    const { response } = this;
    if (this.request.method === 'HEAD') return void response.end();
    if (misdeed?.type === 'cut') return this.cut(bytes.subarray(0, misdeed.after));
    if (misdeed?.type === 'stall') return void response.write(bytes.subarray(0, misdeed.after));
    if (misdeed?.type === 'length') return this.cut(bytes);
    response.end(bytes);
  }

  /** What was written is sent before the connection ends. */
  private cut(bytes: Buffer): void {
    const { response } = this;
    response.flushHeaders();
    response.write(bytes, () => response.socket?.end());
  }

  private range(misdeed: Misdeed | undefined): { from: number; to: number; total: number } | undefined {
    const { from, headers } = this.request;
    const { body, etag } = this.served;
    const condition = headers['if-range'];
    if (from === undefined || misdeed?.type === 'ignore-range') return undefined;
    if (condition !== undefined && condition !== etag) return undefined;
    const asked = /-(\d+)$/.exec(headers.range ?? '')?.[1];
    const to = Math.min(body.length - 1, asked === undefined ? Infinity : Number(asked));
    const start = misdeed?.type === 'wrong-part' ? from + misdeed.shift : from;
    return { from: start, to, total: misdeed?.type === 'wrong-total' ? misdeed.total : body.length };
  }
}

function etagOf(body: Buffer): string {
  return `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`;
}
