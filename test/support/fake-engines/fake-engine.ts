import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { Decoder, type StreamWire } from './decoder.js';
import { type Fault } from './fault.js';
import { parseBody, readText, send, type Body } from './http.js';
import { answerTo } from './model.js';

export interface FakeEngineOptions {
  readonly port?: number;
  readonly slots?: number;
  /** Context of one request. */
  readonly contextTokens?: number;
  /** Tokens per second and stream; 0 = as fast as the socket takes them. */
  readonly tps?: number;
  /** Ends each generation after this many tokens, whatever the request allows; 0 = off. */
  readonly tokens?: number;
  /** Milliseconds before the first token. */
  readonly prefillMs?: number;
  /** Milliseconds that the engine loads after its start. */
  readonly loadingMs?: number;
  readonly apiKey?: string;
  /** Name of the served model. */
  readonly model?: string;
  readonly version?: string;
  /** Whether the engine tells its metrics. */
  readonly metrics?: boolean;
}

export type Settings = Required<Omit<FakeEngineOptions, 'apiKey'>> & Pick<FakeEngineOptions, 'apiKey'>;

/** One request whose body has been read. */
export interface Call {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Undefined when the body is no JSON object. */
  readonly body: Body | undefined;
  readonly response: ServerResponse;
}

/** What a generation asks for; the wire has checked it. */
export interface Order {
  readonly promptIds: readonly number[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
  readonly stop: readonly string[];
  readonly stream: StreamWire;
}

/** How one kind of engine answers. */
export interface EngineWire {
  readonly defaults?: FakeEngineOptions;
  /** Answers one call; generations go through `engine.generate`. */
  answer(call: Call, engine: EngineState): void;
  /** Answers while the engine loads. Default: the socket is open, but nothing is answered. */
  whileLoading?(call: Call, engine: EngineState): void;
}

/** What a wire may look at and use. */
export interface EngineState {
  readonly settings: Settings;
  readonly decoder: Decoder;
  readonly isSleeping: boolean;
  /** Whether the call carries the key as `Authorization: Bearer`; true when none is asked for. */
  isAuthorized(call: Call): boolean;
  /** Counts the generation, applies a fault that is a plain reply, and streams the rest. */
  generate(call: Call, order: Order): void;
}

export interface FakeEngineStats {
  readonly generations: number;
  /** Tokens that were computed, whether or not they arrived. */
  readonly tokensDecoded: number;
  /** Generations whose client left before the end. */
  readonly abandoned: number;
  readonly busySlots: number;
  /** Generations that wait for a slot. */
  readonly deferred: number;
  /** Calls per route, such as `POST /tokenize`. */
  readonly calls: Readonly<Record<string, number>>;
  /** Of the latest call with a body. */
  readonly lastBody: Body | undefined;
  readonly lastHeaders: IncomingHttpHeaders | undefined;
}

/** An engine without a model, on 127.0.0.1. */
export interface FakeEngine {
  readonly url: string;
  readonly stats: FakeEngineStats;
  /** Applies to every generation from now on; none = well-behaved. */
  fault(fault: Fault | undefined): void;
  loading(isLoading: boolean): void;
  sleeping(isSleeping: boolean): void;
  /** Answers this on every route, as a dead engine or a foreign one does; none = as before. */
  answerAll(reply: { readonly status: number; readonly body: string } | undefined): void;
  /** Cuts every connection and stops listening, as a killed process does. */
  close(): Promise<void>;
}

const DEFAULTS: Settings = {
  port: 0,
  slots: 4,
  contextTokens: 512,
  tps: 0,
  tokens: 0,
  prefillMs: 0,
  loadingMs: 0,
  apiKey: undefined,
  model: 'tiny',
  version: '0.0.0',
  metrics: true,
};

/** Starts an engine that speaks the given wire. */
export async function startFakeEngine(wire: EngineWire, options: FakeEngineOptions = {}): Promise<FakeEngine> {
  const engine = new Engine(wire, { ...DEFAULTS, ...wire.defaults, ...options });
  await engine.listen();
  return engine;
}

class Engine implements FakeEngine, EngineState {
  readonly settings: Settings;
  readonly decoder: Decoder;
  readonly #wire: EngineWire;
  readonly #server = createServer({ keepAliveTimeout: 5_000 }, (request, response) => this.#take(request, response));
  readonly #calls: Record<string, number> = {};
  #generations = 0;
  #lastBody: Body | undefined;
  #lastHeaders: IncomingHttpHeaders | undefined;
  #fault: Fault | undefined;
  #forced: { readonly status: number; readonly body: string } | undefined;
  #isLoading: boolean;
  #isSleeping = false;
  #loadingTimer: NodeJS.Timeout | undefined;

  constructor(wire: EngineWire, settings: Settings) {
    this.#wire = wire;
    this.settings = settings;
    this.decoder = new Decoder(settings.slots, settings);
    this.#isLoading = settings.loadingMs > 0;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get isSleeping(): boolean {
    return this.#isSleeping;
  }

  get stats(): FakeEngineStats {
    return {
      generations: this.#generations,
      tokensDecoded: this.decoder.decoded,
      abandoned: this.decoder.abandoned,
      busySlots: this.decoder.busySlots,
      deferred: this.decoder.deferred,
      calls: this.#calls,
      lastBody: this.#lastBody,
      lastHeaders: this.#lastHeaders,
    };
  }

  async listen(): Promise<void> {
    const { port, loadingMs } = this.settings;
    if (loadingMs > 0) this.#loadingTimer = setTimeout(() => this.loading(false), loadingMs);
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  fault(fault: Fault | undefined): void {
    this.#fault = fault;
  }

  loading(isLoading: boolean): void {
    this.#isLoading = isLoading;
  }

  sleeping(isSleeping: boolean): void {
    this.#isSleeping = isSleeping;
  }

  answerAll(reply: { readonly status: number; readonly body: string } | undefined): void {
    this.#forced = reply;
  }

  async close(): Promise<void> {
    clearTimeout(this.#loadingTimer);
    this.decoder.stop();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  isAuthorized({ headers }: Call): boolean {
    const { apiKey } = this.settings;
    return apiKey === undefined || headers.authorization === `Bearer ${apiKey}`;
  }

  generate({ response }: Call, { promptIds, maxTokens, temperature, seed, stop, stream }: Order): void {
    this.#generations += 1;
    const fault = this.#fault;
    if (fault?.type === 'reply') {
      return send(response, fault.status, fault.body, { 'Content-Type': 'application/json', ...fault.headers });
    }
    const { contextTokens, tokens } = this.settings;
    const limit = Math.min(maxTokens, contextTokens - promptIds.length, tokens || Infinity);
    const answer = answerTo(promptIds, temperature, seed);
    this.decoder.start({ response, promptIds, answer, limit, stop, wire: stream, fault });
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const method = request.method ?? 'GET';
    const route = `${method} ${path}`;
    this.#calls[route] = (this.#calls[route] ?? 0) + 1;
    void readText(request).then((text) => {
      const body = parseBody(text);
      if (text !== '') this.#lastBody = body;
      if (text !== '') this.#lastHeaders = request.headers;
      this.#answer({ method, path, headers: request.headers, body, response });
    });
  }

  #answer(call: Call): void {
    if (this.#forced !== undefined) return send(call.response, this.#forced.status, this.#forced.body);
    if (this.#isLoading) return this.#wire.whileLoading?.(call, this);
    this.#wire.answer(call, this);
  }
}
