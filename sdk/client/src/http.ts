import { refusalOf, UnreachableError } from './api-error.js';
import { wait } from './wait.js';

/** Where the API is and how to speak to it. */
export interface ClientOptions {
  /** Base URL without `/v1`, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** A key; absent for a daemon that needs none. */
  readonly token?: string;
  /** Sent with every request and repeated by every answer; absent: the server makes one per request. */
  readonly correlationId?: string;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Replaces the pause before a retry or a reconnect, for tests. */
  readonly wait?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** A list is sent as one parameter per item. */
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** The body as JSON text, sent as it is. */
  readonly json?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests and turns refusals into errors. */
export class Http {
  readonly wait: NonNullable<ClientOptions['wait']>;
  private readonly base: string;
  private readonly fetch: typeof fetch;

  constructor(private readonly options: ClientOptions) {
    this.base = options.url.replace(/\/+$/, '');
    this.fetch = options.fetch ?? fetch;
    this.wait = options.wait ?? wait;
  }

  /**
   * @throws ApiError when the API refuses
   * @throws UnreachableError when there is no answer, or none of this API
   */
  async send(request: HttpRequest): Promise<Response> {
    const response = await this.exchange(request);
    if (!response.ok) throw await refusalOf(response);
    return response;
  }

  async json<Body>(request: HttpRequest): Promise<Body> {
    const response = await this.send({ ...request, headers: { accept: 'application/json', ...request.headers } });
    return (await response.json()) as Body;
  }

  private async exchange(request: HttpRequest): Promise<Response> {
    try {
      return await this.fetch(this.urlOf(request), {
        method: request.method ?? 'GET',
        headers: this.headersOf(request),
        body: request.json ?? (request.body === undefined ? null : JSON.stringify(request.body)),
        signal: request.signal ?? null,
      });
    } catch (cause) {
      request.signal?.throwIfAborted();
      throw new UnreachableError(`no answer from ${this.base}${reasonIn(cause)}`, { cause });
    }
  }

  private urlOf({ path, query = {} }: HttpRequest): string {
    const search = new URLSearchParams(pairsOf(query)).toString();
    return this.base + path + (search === '' ? '' : `?${search}`);
  }

  private headersOf({ headers, body, json }: HttpRequest): Record<string, string> {
    const { token, correlationId } = this.options;
    return defined({
      'content-type': body === undefined && json === undefined ? undefined : 'application/json',
      authorization: token === undefined ? undefined : `Bearer ${token}`,
      'x-correlation-id': correlationId,
      ...headers,
    });
  }
}

function pairsOf(query: NonNullable<HttpRequest['query']>): [string, string][] {
  return Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((item): [string, string] => [name, String(item)]),
  );
}

function defined(values: Readonly<Record<string, string | number | undefined>>): Record<string, string> {
  const present = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present.map(([name, value]) => [name, String(value)]));
}

/** The system's word for a failed connection, such as ` (ECONNREFUSED)`. `fetch` hides it in its cause. */
function reasonIn(failure: unknown): string {
  const { cause } = failure as { readonly cause?: { readonly code?: unknown } };
  return typeof cause?.code === 'string' ? ` (${cause.code})` : '';
}
