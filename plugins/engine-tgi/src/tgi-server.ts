import { type EngineGauges, type EnginePrompt, z } from '@llama-orch/plugin-sdk';
import {
  answered,
  type HttpReply,
  messagesOf,
  type MetricsRoute,
  unhealthy,
  type Upstream,
} from '@llama-orch/plugin-sdk/http';
import { refusal } from './errors.js';
import { otherEngine, readFacts, type ServerFacts } from './facts.js';
import { gaugesOf } from './metrics.js';

/** A conversation as the server's own chat route would send it to the model. */
export interface Rendered {
  readonly text: string;
  readonly ids: readonly number[];
  /** Length of the first token in `text`. */
  readonly firstTokenChars: number;
}

const PROBE_TIMEOUT_MS = 1_000;
const CALL_TIMEOUT_MS = 10_000;

const tokensSchema = z.array(z.object({ id: z.int(), start: z.int().optional(), stop: z.int().optional() }));
const renderedSchema = z.object({ tokenize_response: tokensSchema, templated_text: z.string() });

/** The routes of one TGI, but for the stream. Every method throws EngineError alone. */
export class TgiServer {
  constructor(
    private readonly upstream: Upstream,
    private readonly metrics: MetricsRoute,
  ) {}

  /** One probe; needs no key. @throws EngineError when the server is not well */
  async health(signal: AbortSignal): Promise<void> {
    const { status } = await this.#get('/health', signal);
    if (status === 404) throw otherEngine();
    if (status !== 200) throw unhealthy(status);
  }

  /** @throws EngineError when the server is no TGI */
  async facts(signal: AbortSignal): Promise<ServerFacts> {
    const reply = await this.#get('/info', signal);
    if (reply.status === 404 || reply.status === 405) throw otherEngine();
    return readFacts(contentOf(reply));
  }

  /** Ids of a text as the server would read it; undefined when it has no tokenizer of its own. */
  async tokenize(text: string, signal: AbortSignal): Promise<readonly number[] | undefined> {
    const tokens = tokensSchema.safeParse(await this.#ask('/tokenize', { inputs: text }, signal)).data;
    return tokens?.map(({ id }) => id);
  }

  /** Undefined when the server cannot render conversations. */
  async render(prompt: EnginePrompt & { readonly type: 'chat' }, signal: AbortSignal): Promise<Rendered | undefined> {
    const reply = await this.#ask('/chat_tokenize', { messages: messagesOf(prompt) }, signal);
    const { data } = renderedSchema.safeParse(reply);
    if (data === undefined) return undefined;
    const [first] = data.tokenize_response;
    const firstTokenChars = (first?.stop ?? 0) - (first?.start ?? 0);
    return { text: data.templated_text, ids: data.tokenize_response.map(({ id }) => id), firstTokenChars };
  }

  /** Undefined when the server tells no metrics. */
  async gauges(signal: AbortSignal, timeoutMs: number): Promise<EngineGauges | undefined> {
    const metrics = await this.metrics.read(signal, timeoutMs);
    return metrics === undefined ? undefined : gaugesOf(metrics);
  }

  /** Undefined for a route that the server does not have. */
  async #ask(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const options = { timeoutMs: CALL_TIMEOUT_MS, signal, retries: 2 } as const;
    const reply = await answered(this.upstream.postJson(path, body, options));
    return reply.status === 404 ? undefined : contentOf(reply);
  }

  /** The second attempt is for a kept connection that the server was just closing. */
  async #get(path: string, signal: AbortSignal): Promise<HttpReply> {
    return answered(this.upstream.getJson(path, { timeoutMs: PROBE_TIMEOUT_MS, signal, retries: 1 }));
  }
}

function contentOf(reply: HttpReply): unknown {
  if (reply.status !== 200) throw refusal(reply);
  try {
    return JSON.parse(reply.text);
  } catch {
    return undefined;
  }
}
