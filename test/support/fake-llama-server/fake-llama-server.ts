import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { Decoder } from '../fake-engines/decoder.js';
import { type Fault } from '../fake-engines/fault.js';
import { type Body, parseBody, readText, send } from '../fake-engines/http.js';
import { answerTo, detokenize, promptIds } from '../fake-engines/model.js';
import { metricsOf, modelsOf, propsOf, routerProps, type ServerFacts } from './facts.js';
import { KvCache } from './kv-cache.js';
import { json, notSupported, problemOf, refuse, refuseLong, reply, tokenize } from './replies.js';
import { samplingOf } from './settings.js';
import { completionWire } from './stream-wire.js';
import { embed, rerank } from './vectors.js';

export interface FakeLlamaOptions {
  readonly port?: number;
  readonly slots?: number;
  /** Context of one slot. */
  readonly contextTokens?: number;
  /** Tokens per second and stream; 0 = as fast as the socket takes them. */
  readonly tps?: number;
  /** Ends each generation after this many tokens, whatever the request allows; 0 = off. */
  readonly tokens?: number;
  /** Milliseconds before the first token. */
  readonly prefillMs?: number;
  /** Milliseconds of the phase in which every route answers 503. */
  readonly loadingMs?: number;
  readonly apiKey?: string;
  /** `shouting` changes what the user wrote, so that it cannot be taken apart. */
  readonly chatTemplate?: 'marked' | 'shouting';
  readonly slotsRoute?: boolean;
  /** Name of the model. */
  readonly model?: string;
  /** Started with `--metrics`. */
  readonly metrics?: boolean;
  /** Started with `--embeddings`, and with `--reranking`. */
  readonly embeddings?: boolean;
  readonly reranking?: boolean;
  /** Started with `--slot-save-path`. */
  readonly slotFiles?: boolean;
  /** Started with `--models-dir`: many models behind one server. */
  readonly router?: boolean;
}

export interface FakeLlamaStats {
  readonly completions: number;
  /** Tokens that were computed, whether or not they arrived. */
  readonly tokensDecoded: number;
  /** Completions whose client left before the end. */
  readonly abandoned: number;
  readonly busySlots: number;
  /** Completions that wait for a slot. */
  readonly deferred: number;
  /** Calls per route, such as `POST /tokenize`. */
  readonly calls: Readonly<Record<string, number>>;
  readonly lastBody: Body | undefined;
  readonly lastHeaders: IncomingMessage['headers'] | undefined;
  /** The last prompt as token ids, begin token included. */
  readonly lastPromptIds: readonly number[];
}

/** A llama-server without a model, on 127.0.0.1. */
export interface FakeLlamaServer {
  readonly url: string;
  readonly stats: FakeLlamaStats;
  /** Applies to every completion from now on; none = well-behaved. */
  fault(fault: Fault | undefined): void;
  /** Frees the slots that cling to clients who left. */
  letGo(): void;
  /** Answers 503 from now on, or no longer. */
  loading(isLoading: boolean): void;
  sleeping(isSleeping: boolean): void;
  /** Cuts every connection and stops listening, as a killed process does. */
  close(): Promise<void>;
}

type Defaults = Required<Omit<FakeLlamaOptions, 'apiKey'>>;

const DEFAULTS: Defaults = {
  port: 0,
  slots: 4,
  contextTokens: 512,
  tps: 0,
  tokens: 0,
  prefillMs: 0,
  loadingMs: 0,
  chatTemplate: 'marked',
  slotsRoute: true,
  model: 'tiny.gguf',
  metrics: true,
  embeddings: false,
  reranking: false,
  slotFiles: false,
  router: false,
};
const NO_ROUTE = 'File Not Found';
const TEXT_TYPE = { 'Content-Type': 'text/plain; version=0.0.4' };

/** Starts a server that speaks llama-server's wire format. */
export async function startFakeLlamaServer(options: FakeLlamaOptions = {}): Promise<FakeLlamaServer> {
  const fake = new FakeLlama({ ...DEFAULTS, ...options });
  await fake.listen();
  return fake;
}

class FakeLlama implements FakeLlamaServer {
  readonly stats: FakeLlamaStats;
  readonly #options: Defaults & FakeLlamaOptions;
  readonly #decoder: Decoder;
  readonly #cache = new KvCache();
  readonly #server = createServer({ keepAliveTimeout: 5_000 }, (request, response) => this.#answer(request, response));
  readonly #calls: Record<string, number> = {};
  #completions = 0;
  #lastBody: Body | undefined;
  #lastHeaders: IncomingMessage['headers'] | undefined;
  #lastPromptIds: readonly number[] = [];
  #fault: Fault | undefined;
  #loading: boolean;
  #sleeping = false;
  #loadingTimer: NodeJS.Timeout | undefined;

  constructor(options: Defaults & FakeLlamaOptions) {
    this.#options = options;
    this.#decoder = new Decoder(options.slots, options);
    this.#loading = options.loadingMs > 0;
    this.stats = this.#view();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async listen(): Promise<void> {
    const { port, loadingMs } = this.#options;
    if (loadingMs > 0) this.#loadingTimer = setTimeout(() => this.loading(false), loadingMs);
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  fault(fault: Fault | undefined): void {
    this.#fault = fault;
  }

  letGo(): void {
    this.#decoder.letGo();
  }

  loading(isLoading: boolean): void {
    this.#loading = isLoading;
  }

  sleeping(isSleeping: boolean): void {
    this.#sleeping = isSleeping;
  }

  async close(): Promise<void> {
    clearTimeout(this.#loadingTimer);
    this.#decoder.stop();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('Server', 'llama.cpp');
    response.setHeader('Access-Control-Allow-Origin', '');
    const url = new URL(request.url ?? '/', 'http://fake');
    const route = `${request.method} ${url.pathname}`;
    this.#calls[route] = (this.#calls[route] ?? 0) + 1;
    if (this.#loading) return refuse(response, 503, 'Loading model', 'unavailable_error');
    if (!/^(\/v1)?\/health$/.test(url.pathname) && !this.#isAuthorized(request)) {
      return refuse(response, 401, 'Invalid API Key', 'authentication_error');
    }
    if (request.method === 'GET') return this.#get(url.pathname, response);
    void readText(request).then((text) => this.#post(url, request, response, text));
  }

  #isAuthorized(request: IncomingMessage): boolean {
    const { apiKey } = this.#options;
    const { authorization, 'x-api-key': key } = request.headers;
    return apiKey === undefined || authorization === `Bearer ${apiKey}` || key === apiKey;
  }

  #get(path: string, response: ServerResponse): void {
    const { router, slotsRoute, metrics } = this.#options;
    if (path === '/health' || path === '/v1/health') return json(response, 200, { status: 'ok' });
    if (path === '/props') return json(response, 200, router ? routerProps() : propsOf(this.#facts()));
    if (path === '/v1/models') return json(response, 200, modelsOf(this.#facts()));
    if (router && /^\/(slots|metrics)$/.test(path)) {
      return refuse(response, 400, 'model name is missing from the request', 'invalid_request_error');
    }
    if (path === '/slots' && slotsRoute) return json(response, 200, this.#slots());
    if (path === '/slots') return notSupported(response, 'slots endpoint', '--slots');
    if (path === '/metrics' && metrics) return send(response, 200, this.#metrics(), TEXT_TYPE);
    if (path === '/metrics') return notSupported(response, 'metrics endpoint', '--metrics');
    refuse(response, 404, NO_ROUTE, 'not_found_error');
  }

  #post({ pathname, searchParams }: URL, request: IncomingMessage, response: ServerResponse, text: string): void {
    const body = parseBody(text);
    if (body === undefined) {
      return refuse(response, 500, '[json.exception.parse_error.101] parse error at line 1, column 11', 'server_error');
    }
    const slot = /^\/slots\/(\d+)$/.exec(pathname)?.[1];
    if (slot !== undefined) return this.#actOnSlot(response, Number(slot), searchParams.get('action'), body);
    const routes: Readonly<Record<string, () => void>> = {
      '/tokenize': () => tokenize(response, body),
      '/detokenize': () => json(response, 200, { content: detokenize(body.tokens as number[]) }),
      '/apply-template': () => this.#applyTemplate(response, body),
      '/completion': () => this.#complete(request, response, body),
      '/v1/embeddings': () => embed(this.#options, response, body),
      '/v1/rerank': () => rerank(this.#options, response, body),
    };
    const route = routes[pathname];
    if (route === undefined) return refuse(response, 404, NO_ROUTE, 'not_found_error');
    route();
  }

  #applyTemplate(response: ServerResponse, body: Body): void {
    const messages = body.messages as readonly { role?: string; content: string }[] | undefined;
    if (messages === undefined) return refuse(response, 400, "'messages' is required", 'invalid_request_error');
    if (messages.some((message) => message.role === undefined)) {
      return refuse(response, 500, "Failed to parse messages: Missing 'role' in message", 'server_error');
    }
    const shape = (content: string): string =>
      this.#options.chatTemplate === 'shouting' ? content.toUpperCase() : content;
    const turns = messages.map((message) => `<|${message.role}|>${shape(message.content)}<|end|>`);
    json(response, 200, { prompt: `${turns.join('')}<|assistant|>` });
  }

  #complete(request: IncomingMessage, response: ServerResponse, body: Body): void {
    this.#completions += 1;
    this.#lastBody = body;
    this.#lastHeaders = request.headers;
    const fault = this.#fault;
    if (fault?.type === 'reply') return reply(response, fault);
    const problem = problemOf(body);
    if (problem !== undefined) return refuse(response, 400, problem, 'invalid_request_error');
    const ids = promptIds(body.prompt) ?? [];
    this.#lastPromptIds = ids;
    if (ids.length >= this.#options.contextTokens) return refuseLong(response, ids.length, this.#options.contextTokens);
    const { n_predict = -1, temperature = 0.8, seed = -1, stop = [] } = body;
    this.#decoder.start({
      response,
      promptIds: ids,
      answer: answerTo(ids, Number(temperature), Number(seed)),
      limit: this.#limit(Number(n_predict), ids.length),
      stop: stop as readonly string[],
      wire: completionWire({ ...this.#options, cache: this.#cache, body }),
      fault,
    });
  }

  #limit(asked: number, promptTokens: number): number {
    const { contextTokens, tokens } = this.#options;
    return Math.min(asked < 0 ? Infinity : Math.max(1, asked), contextTokens - promptTokens, tokens || Infinity);
  }

  #actOnSlot(response: ServerResponse, slot: number, action: string | null, { filename }: Body): void {
    if (!this.#options.slotFiles) return notSupported(response, 'slots action', '--slot-save-path');
    if (action !== 'save' && action !== 'restore') {
      return refuse(response, 400, 'Invalid action', 'invalid_request_error');
    }
    if (typeof filename !== 'string' || !/^[\w.-]+$/.test(filename) || filename.includes('..')) {
      return refuse(response, 400, 'Invalid filename', 'invalid_request_error');
    }
    const told = this.#cache.act(slot, action, filename);
    if (told !== undefined) return json(response, 200, told);
    const message = 'Unable to restore slot: No available space in KV cache or invalid slot save file';
    refuse(response, 400, message, 'invalid_request_error');
  }

  #facts(): ServerFacts {
    return { ...this.#options, isSleeping: this.#sleeping };
  }

  #slots(): unknown {
    return this.#decoder.slots.map(({ id, busy, decoded }) => ({
      ...{ id, n_ctx: this.#options.contextTokens, speculative: false, is_processing: busy },
      ...this.#slotContent(id, busy, decoded),
    }));
  }

  /** Only a slot that was used says more. */
  #slotContent(id: number, has_next_token: boolean, n_decoded: number): object {
    const reuse = this.#cache.reuseOf(id);
    if (reuse === undefined) return {};
    return {
      id_task: id,
      n_prompt_tokens: this.#cache.held(id),
      n_prompt_tokens_processed: reuse.read,
      n_prompt_tokens_cache: reuse.cached,
      params: samplingOf(),
      next_token: [{ has_next_token, has_new_line: false, n_remain: -1, n_decoded }],
    };
  }

  #metrics(): string {
    const { decoded, busySlots, deferred } = this.#decoder;
    return metricsOf({
      prompt_tokens_total: this.#cache.readTotal,
      prompt_tokens_cached_total: this.#cache.cachedTotal,
      tokens_predicted_total: decoded,
      requests_processing: busySlots,
      requests_deferred: deferred,
    });
  }

  #view(): FakeLlamaStats {
    const read: Record<keyof FakeLlamaStats, () => unknown> = {
      completions: () => this.#completions,
      tokensDecoded: () => this.#decoder.decoded,
      abandoned: () => this.#decoder.abandoned,
      busySlots: () => this.#decoder.busySlots,
      deferred: () => this.#decoder.deferred,
      calls: () => this.#calls,
      lastBody: () => this.#lastBody,
      lastHeaders: () => this.#lastHeaders,
      lastPromptIds: () => this.#lastPromptIds,
    };
    const getters = Object.entries(read).map(([name, get]) => [name, { get, enumerable: true }]);
    return Object.defineProperties({}, Object.fromEntries(getters)) as FakeLlamaStats;
  }
}
