import { EngineError, type ChatMessage } from '@llama-orch/plugin-sdk';
import { failureError, HttpFailure, readErrorBody, type HttpReply, type Upstream } from '@llama-orch/plugin-sdk/http';
import { refusal } from './errors.js';
import { readFacts, type ServerFacts } from './facts.js';

export interface TokenizeCall {
  readonly content: string;
  /** Adds the begin token where the model wants one. */
  readonly add_special: boolean;
  /** Reads control tokens in the text as such. */
  readonly parse_special: boolean;
}

const PROBE_TIMEOUT_MS = 1_000;
const CALL_TIMEOUT_MS = 10_000;

/** The routes of one llama-server, but for the stream. Every method throws EngineError alone. */
export class LlamaServer {
  constructor(readonly upstream: Upstream) {}

  /** One probe. The second attempt is for a kept connection that the server was just closing. */
  async health(signal: AbortSignal): Promise<HttpReply> {
    return wrapped(this.upstream.getJson('/health', { timeoutMs: PROBE_TIMEOUT_MS, signal, retries: 1 }));
  }

  async facts(signal: AbortSignal, retries: 0 | 2): Promise<ServerFacts> {
    const options = { timeoutMs: PROBE_TIMEOUT_MS, signal, retries };
    const [props, models] = await Promise.all([
      wrapped(this.upstream.getJson('/props', options)),
      wrapped(this.upstream.getJson('/v1/models', options)),
    ]);
    return readFacts(contentOf(props), contentOf(models));
  }

  async applyTemplate(messages: readonly ChatMessage[], signal: AbortSignal): Promise<string> {
    const content = await this.#post('/apply-template', { messages: messages.map(messageOf) }, signal);
    if (typeof content.prompt === 'string') return content.prompt;
    throw strangeReply('/apply-template');
  }

  async tokenize(call: TokenizeCall, signal: AbortSignal): Promise<readonly number[]> {
    const { tokens } = await this.#post('/tokenize', call, signal);
    if (Array.isArray(tokens) && tokens.every((id) => typeof id === 'number')) return tokens;
    throw strangeReply('/tokenize');
  }

  /** How many slots work right now; undefined when the server does not tell. */
  async busySlots(signal: AbortSignal, timeoutMs: number): Promise<number | undefined> {
    const reply = await wrapped(this.upstream.getJson('/slots', { timeoutMs, signal }));
    if (reply.status !== 200) return undefined;
    const slots = parse(reply);
    if (!Array.isArray(slots)) return undefined;
    return slots.filter((slot: { is_processing?: unknown }) => slot.is_processing === true).length;
  }

  async #post(path: string, body: unknown, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    const options = { timeoutMs: CALL_TIMEOUT_MS, signal, retries: 2 } as const;
    const content = contentOf(await wrapped(this.upstream.postJson(path, body, options)));
    if (typeof content === 'object' && content !== null) return content as Readonly<Record<string, unknown>>;
    throw strangeReply(path);
  }
}

/** Only what the template needs, whatever else the host may hold. */
function messageOf({ role, content }: ChatMessage): ChatMessage {
  return { role, content };
}

function contentOf(reply: HttpReply): unknown {
  if (reply.status !== 200) throw refusal(reply, readErrorBody(reply.text));
  return parse(reply);
}

function parse(reply: HttpReply): unknown {
  try {
    return JSON.parse(reply.text);
  } catch (cause) {
    throw new EngineError('adapter', 'The engine answered with something that is not JSON.', {
      reason: 'bad_reply',
      cause,
    });
  }
}

function strangeReply(path: string): EngineError {
  return new EngineError('adapter', `The engine's answer to ${path} is not that of a llama-server.`, {
    reason: 'bad_reply',
  });
}

async function wrapped(call: Promise<HttpReply>): Promise<HttpReply> {
  try {
    return await call;
  } catch (error) {
    throw error instanceof HttpFailure ? failureError(error) : error;
  }
}
