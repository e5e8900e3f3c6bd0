import {
  type ChatMessage,
  EngineError,
  type EngineGauges,
  type EngineHealth,
  isEngineError,
} from '@llama-orch/plugin-sdk';
import {
  failedHealth,
  failureError,
  HttpFailure,
  MetricsRoute,
  readErrorBody,
  unhealthy,
  type CallOptions,
  type HttpReply,
  type Upstream,
} from '@llama-orch/plugin-sdk/http';
import { otherEngine, refusal, wrongPath } from './errors.js';
import { readFacts, type ServerFacts } from './facts.js';
import { gaugesOf, type SlotView } from './metrics.js';

export interface TokenizeCall {
  readonly content: string;
  /** Adds the begin token where the model wants one. */
  readonly add_special: boolean;
  /** Reads control tokens in the text as such. */
  readonly parse_special: boolean;
}

type Content = Readonly<Record<string, unknown>>;

const PROBE_TIMEOUT_MS = 1_000;
const CALL_TIMEOUT_MS = 10_000;

/** The routes of one llama-server, but for the stream. Every method throws EngineError alone. */
export class LlamaServer {
  readonly #metrics: MetricsRoute;

  constructor(private readonly upstream: Upstream) {
    this.#metrics = new MetricsRoute(upstream, '/metrics');
  }

  /** @throws EngineError when nothing answers */
  async reach(signal: AbortSignal): Promise<void> {
    await this.#get('/health', signal, 1);
  }

  /** `/health` needs no key and knows no sleep; the facts show the rest. Busy is not unhealthy: it shows in slots. */
  async health(signal: AbortSignal, onFacts: (facts: ServerFacts) => void): Promise<EngineHealth> {
    try {
      const [reply, facts] = await Promise.all([this.#get('/health', signal, 1), this.facts(signal, 1)]);
      if (reply.status !== 200) throw sickness(reply);
      onFacts(facts);
      return facts.isSleeping ? { state: 'ready', reason: 'sleeping' } : { state: 'ready' };
    } catch (error) {
      if (!isEngineError(error)) throw error;
      return error.reason === 'loading' ? { state: 'loading', reason: 'loading' } : failedHealth(error);
    }
  }

  /** @throws EngineError when what answers is no llama-server with one model */
  async facts(signal: AbortSignal, retries: 1 | 2): Promise<ServerFacts> {
    const [props, models] = await Promise.all([
      this.#get('/props', signal, retries),
      this.#get('/v1/models', signal, retries),
    ]);
    if (props.status === 404 && readErrorBody(props.text).type === 'not_found_error') throw wrongPath();
    if (props.status !== 200 && props.status !== 404) throw sickness(props);
    return readFacts(parsed(props), parsed(models));
  }

  async applyTemplate(messages: readonly ChatMessage[], signal: AbortSignal): Promise<string> {
    const content = await this.#read('/apply-template', { messages: messages.map(messageOf) }, signal);
    if (typeof content.prompt === 'string') return content.prompt;
    throw strangeReply('/apply-template');
  }

  async tokenize(call: TokenizeCall, signal: AbortSignal): Promise<readonly number[]> {
    const { tokens } = await this.#read('/tokenize', call, signal);
    if (Array.isArray(tokens) && tokens.every((id) => typeof id === 'number')) return tokens;
    throw strangeReply('/tokenize');
  }

  /** What the slots say of themselves; undefined when the server does not tell. */
  async slots(signal: AbortSignal, timeoutMs: number): Promise<readonly SlotView[] | undefined> {
    const reply = await this.upstream.getJson('/slots', { timeoutMs, signal }).catch(() => undefined);
    const slots = reply?.status === 200 ? parsed(reply) : undefined;
    return Array.isArray(slots) ? (slots as readonly SlotView[]) : undefined;
  }

  /** `{}` where the server tells none. */
  async gauges(signal: AbortSignal): Promise<EngineGauges> {
    const [metrics, slots] = await Promise.all([
      this.#metrics.read(signal, PROBE_TIMEOUT_MS),
      this.slots(signal, PROBE_TIMEOUT_MS),
    ]);
    return metrics === undefined ? {} : gaugesOf(metrics, slots);
  }

  /** Keeps or brings back what a slot holds; sent once. */
  async slotAction(slot: number, action: 'save' | 'restore', filename: string, options: CallOptions): Promise<Content> {
    return this.#post(`/slots/${slot}?action=${action}`, { filename }, options);
  }

  /** A further attempt is for a kept connection that the server was just closing. */
  async #get(path: string, signal: AbortSignal, retries: 1 | 2): Promise<HttpReply> {
    return sent(this.upstream.getJson(path, { timeoutMs: PROBE_TIMEOUT_MS, signal, retries }));
  }

  /** For routes that change nothing. */
  async #read(path: string, body: unknown, signal: AbortSignal): Promise<Content> {
    return this.#post(path, body, { timeoutMs: CALL_TIMEOUT_MS, signal, retries: 2 });
  }

  async #post(path: string, body: unknown, options: CallOptions): Promise<Content> {
    const reply = await sent(this.upstream.postJson(path, body, options));
    if (reply.status !== 200) throw refusal(reply, readErrorBody(reply.text));
    const content = parsed(reply);
    if (typeof content === 'object' && content !== null) return content as Content;
    throw strangeReply(path);
  }
}

/** Only what the template needs, whatever else the host may hold. */
function messageOf({ role, content }: ChatMessage): ChatMessage {
  return { role, content };
}

/** Why a probe was not answered well. */
function sickness(reply: HttpReply): EngineError {
  const body = readErrorBody(reply.text);
  const isTold = body.message !== '' || reply.status === 401 || reply.status === 403;
  if (isTold && reply.status < 500) return refusal(reply, body);
  if (reply.status === 503 && /loading/i.test(body.message)) return refusal(reply, body);
  return reply.status >= 500 ? unhealthy(reply.status) : otherEngine(undefined);
}

function parsed(reply: HttpReply): unknown {
  try {
    return JSON.parse(reply.text);
  } catch {
    return undefined;
  }
}

function strangeReply(path: string): EngineError {
  return new EngineError('adapter', `The engine's answer to ${path} is not that of a llama-server.`, {
    reason: 'bad_reply',
  });
}

async function sent(call: Promise<HttpReply>): Promise<HttpReply> {
  try {
    return await call;
  } catch (error) {
    throw error instanceof HttpFailure ? failureError(error) : error;
  }
}
