import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import { HttpFailure, httpFailure, type HttpFailureKind } from './http-failure.js';
import { HttpStream, type HttpHandlers, type HttpReply, type HttpRequest } from './http-stream.js';
import { whenSpent } from './own-time.js';

/** Where an engine listens and how to speak to it. */
export interface UpstreamOptions {
  /** Base URL; a path is put in front of every route. */
  readonly url: string;
  /** Sent with every request, such as the operator's key. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds to connect; default 2000. */
  readonly connectTimeoutMs?: number;
}

export interface StreamLimits {
  /** Milliseconds until the reply begins; includes the engine's own queue and the reading of the prompt. 0 = no limit. */
  readonly headTimeoutMs: number;
  /** Milliseconds without a byte; keep-alive comments count as bytes. 0 = no limit. */
  readonly idleTimeoutMs: number;
}

export interface CallOptions {
  /** Milliseconds that one attempt may take in all. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Further attempts after a broken connection, 0 to 2, for calls that change nothing. Default 0. */
  readonly retries?: 0 | 1 | 2;
}

const CONNECT_TIMEOUT_MS = 2_000;
const MAX_REFUSAL_BYTES = 64 * 1024;
const MAX_REPLY_BYTES = 16 * 1024 * 1024;
const RETRY_PAUSE_MS = 50;

/** One engine's HTTP server: a pool of kept connections, as many as there are exchanges at once. */
export class Upstream {
  /** Scheme, host and port: safe to show. */
  readonly origin: string;
  readonly #prefix: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent: Agent;

  /** @throws TypeError when the URL is not http or https, or holds credentials */
  constructor(options: UpstreamOptions) {
    const url = parseUrl(options.url);
    this.origin = url.origin;
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.#headers = options.headers ?? {};
    const timeout = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    this.#agent = new Agent({ connect: { timeout, noDelay: true }, allowH2: false, maxOrigins: 1 });
  }

  /** Posts JSON and hands the event stream to `handlers`. */
  postStream(
    path: string,
    body: string,
    limits: StreamLimits,
    handlers: HttpHandlers,
    signal?: AbortSignal,
  ): HttpStream {
    const request = this.#request('POST', path, body, { ...limits, maxReplyBytes: MAX_REFUSAL_BYTES });
    return HttpStream.open(this.#agent, request, handlers, signal);
  }

  /** @throws HttpFailure when no complete reply came */
  async getJson(path: string, options: CallOptions): Promise<HttpReply> {
    return this.#call('GET', path, undefined, options);
  }

  /** @throws HttpFailure when no complete reply came */
  async postJson(path: string, body: unknown, options: CallOptions): Promise<HttpReply> {
    return this.#call('POST', path, JSON.stringify(body), options);
  }

  /** Ends running exchanges and closes every connection. Calling twice is harmless. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #call(
    method: 'GET' | 'POST',
    path: string,
    body: string | undefined,
    options: CallOptions,
  ): Promise<HttpReply> {
    const { timeoutMs, signal, retries = 0 } = options;
    const timeouts = { headTimeoutMs: 0, idleTimeoutMs: 0, maxReplyBytes: MAX_REPLY_BYTES };
    const request = this.#request(method, path, body, timeouts);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#exchange(request, timeoutMs, signal);
      } catch (error) {
        if (attempt >= retries || !isBroken(error)) throw error;
        await delay(RETRY_PAUSE_MS * 2 ** attempt * (0.5 + Math.random()));
      }
    }
  }

  #exchange(request: HttpRequest, timeoutMs: number, signal: AbortSignal | undefined): Promise<HttpReply> {
    if (signal?.aborted === true) return Promise.reject(httpFailure('aborted'));
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        limit.cancel();
        signal?.removeEventListener('abort', onAbort);
        act();
      };
      const stop = (kind: HttpFailureKind): void => {
        exchange.abort();
        settle(() => reject(httpFailure(kind)));
      };
      const onAbort = (): void => stop('aborted');
      const limit = whenSpent(timeoutMs, () => stop('call-timeout'));
      signal?.addEventListener('abort', onAbort, { once: true });
      const exchange = HttpStream.open(this.#agent, request, {
        onData: () => undefined,
        onEnd: () => settle(() => reject(httpFailure('malformed'))),
        onReply: (reply) => settle(() => resolve(reply)),
        onFailure: (failure) => settle(() => reject(failure)),
      });
    });
  }

  #request(
    method: 'GET' | 'POST',
    path: string,
    body: string | undefined,
    limits: Pick<HttpRequest, 'headTimeoutMs' | 'idleTimeoutMs' | 'maxReplyBytes'>,
  ): HttpRequest {
    const headers = body === undefined ? this.#headers : { ...this.#headers, 'content-type': 'application/json' };
    const target = { method, origin: this.origin, path: this.#prefix + path, headers, ...limits };
    return body === undefined ? target : { ...target, body };
  }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new TypeError('The url of the endpoint must begin with http:// or https://.');
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(
      'The url of the endpoint must not hold a user name or password; name the key by its environment variable.',
    );
  }
  return url;
}

/** A second attempt helps against a lost connection, not against a slow or confused engine. */
function isBroken(error: unknown): boolean {
  return error instanceof HttpFailure && /^(unreachable|no-reply|truncated)$/.test(error.kind);
}
