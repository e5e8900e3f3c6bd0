import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { Decoder } from './decoder.js';
import { answerTo, detokenize, promptIds, tokenizeBody } from './fake-model.js';
import { type Fault } from './fault.js';

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
  /** Answers 503 from now on, or no longer. */
  loading(isLoading: boolean): void;
  sleeping(isSleeping: boolean): void;
  /** Cuts every connection and stops listening, as a killed process does. */
  close(): Promise<void>;
}

type Body = Readonly<Record<string, unknown>>;
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
};
const BUILD = 'b1-fa4e5e2';
const TEMPLATES = {
  marked:
    "{{ bos_token }}{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
  shouting:
    "{{ bos_token }}{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] | upper + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
};

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
    this.#decoder = new Decoder(options.slots, options.contextTokens, options);
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
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const route = `${request.method} ${path}`;
    this.#calls[route] = (this.#calls[route] ?? 0) + 1;
    if (this.#loading) return refuse(response, 503, 'Loading model', 'unavailable_error');
    if (path !== '/health' && !this.#isAuthorized(request)) {
      return refuse(response, 401, 'Invalid API Key', 'authentication_error');
    }
    if (request.method === 'GET') return this.#get(path, response);
    void readBody(request).then((text) => this.#post(path, request, response, text));
  }

  #isAuthorized(request: IncomingMessage): boolean {
    const { apiKey } = this.#options;
    const { authorization, 'x-api-key': key } = request.headers;
    return apiKey === undefined || authorization === `Bearer ${apiKey}` || key === apiKey;
  }

  #get(path: string, response: ServerResponse): void {
    if (path === '/health') return json(response, 200, { status: 'ok' });
    if (path === '/props') return json(response, 200, this.#props());
    if (path === '/v1/models') return json(response, 200, models(this.#options.contextTokens));
    if (path === '/slots' && this.#options.slotsRoute) return json(response, 200, this.#slots());
    if (path === '/slots') {
      return refuse(response, 501, 'This server does not support slots endpoint.', 'not_supported_error');
    }
    refuse(response, 404, 'File Not Found', 'not_found_error');
  }

  #post(path: string, request: IncomingMessage, response: ServerResponse, text: string): void {
    const body = parse(text);
    if (body === undefined) {
      return refuse(response, 500, '[json.exception.parse_error.101] parse error at line 1, column 11', 'server_error');
    }
    if (path === '/tokenize') return json(response, 200, { tokens: tokenizeBody(body) });
    if (path === '/detokenize') return json(response, 200, { content: detokenize(body.tokens as number[]) });
    if (path === '/apply-template') return this.#applyTemplate(response, body);
    if (path === '/completion') return this.#complete(request, response, body);
    refuse(response, 404, 'File Not Found', 'not_found_error');
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
    const ids = promptIds(body.prompt);
    if (ids === undefined) {
      return refuse(response, 400, "[json.exception.out_of_range.403] key 'prompt' not found", 'invalid_request_error');
    }
    this.#lastPromptIds = ids;
    if (ids.length >= this.#options.contextTokens) return refuseLong(response, ids.length, this.#options.contextTokens);
    const { n_predict = -1, temperature = 0.8, seed = -1, stop = [], prompt: _prompt, ...settings } = body;
    this.#decoder.start({
      response,
      promptIds: ids,
      answer: answerTo(ids, Number(temperature), Number(seed)),
      limit: this.#limit(Number(n_predict), ids.length),
      stop: stop as readonly string[],
      settings,
      fault,
    });
  }

  #limit(asked: number, promptTokens: number): number {
    const { contextTokens, tokens } = this.#options;
    return Math.min(asked < 0 ? Infinity : Math.max(1, asked), contextTokens - promptTokens, tokens || Infinity);
  }

  #props(): unknown {
    const { contextTokens, slots, slotsRoute, chatTemplate } = this.#options;
    return {
      default_generation_settings: { params: { seed: 4294967295, temperature: 0.8 }, n_ctx: contextTokens },
      total_slots: slots,
      model_alias: 'tiny.gguf',
      model_ftype: 'F16',
      model_path: '/srv/weights/tiny.gguf',
      modalities: { vision: false, video: false, audio: false },
      endpoint_slots: slotsRoute,
      chat_template: TEMPLATES[chatTemplate],
      bos_token: '<|bos|>',
      eos_token: '<|endoftext|>',
      build_info: BUILD,
      is_sleeping: this.#sleeping,
    };
  }

  #slots(): unknown {
    return this.#decoder.slots.map(({ id, busy, decoded }) => ({
      id,
      n_ctx: this.#options.contextTokens,
      speculative: false,
      is_processing: busy,
      ...(decoded === 0 ? {} : { next_token: [{ n_decoded: decoded }] }),
    }));
  }

  #view(): FakeLlamaStats {
    const read: Record<keyof FakeLlamaStats, () => unknown> = {
      completions: () => this.#completions,
      tokensDecoded: () => this.#decoder.decoded,
      abandoned: () => this.#decoder.abandoned,
      busySlots: () => this.#decoder.slots.filter((slot) => slot.busy).length,
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

function models(contextTokens: number): unknown {
  const meta = { n_vocab: 352, n_ctx: contextTokens, n_ctx_train: 1024, n_params: 943680, size: 1890560, ftype: 'F16' };
  return { object: 'list', data: [{ id: 'tiny.gguf', object: 'model', owned_by: 'llamacpp', meta }] };
}

function refuseLong(response: ServerResponse, promptTokens: number, contextTokens: number): void {
  const message = `request (${promptTokens} tokens) exceeds the available context size (${contextTokens} tokens), try increasing it`;
  const type = 'exceed_context_size_error';
  json(response, 400, { error: { code: 400, message, type, n_prompt_tokens: promptTokens, n_ctx: contextTokens } });
}

function refuse(response: ServerResponse, code: number, message: string, type: string): void {
  json(response, code, { error: { code, message, type } });
}

function reply(response: ServerResponse, fault: Extract<Fault, { type: 'reply' }>): void {
  response.writeHead(fault.status, { 'Content-Type': 'application/json; charset=utf-8', ...fault.headers });
  response.end(fault.body);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  const length = Buffer.byteLength(text);
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': length });
  response.end(text);
}

function parse(text: string): Body | undefined {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
