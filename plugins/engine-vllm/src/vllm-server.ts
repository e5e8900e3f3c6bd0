import { EngineError, type EngineGauges, type EnginePrompt, isEngineError } from '@llama-orch/plugin-sdk';
import {
  messagesOf,
  type MetricsRoute,
  OpenAiServer,
  unhealthy,
  type HttpReply,
  type Upstream,
} from '@llama-orch/plugin-sdk/http';
import { readFacts, type ServerFacts } from './facts.js';
import { gaugesOf } from './metrics.js';

const CALL_TIMEOUT_MS = 10_000;
/** Weights come back from CPU memory, or are read again. */
const WAKE_TIMEOUT_MS = 120_000;

/** The routes that vLLM has beside those of OpenAI. Every method throws EngineError alone. */
export class VllmServer {
  readonly openAi: OpenAiServer;

  constructor(
    private readonly upstream: Upstream,
    private readonly metrics: MetricsRoute,
    api: string,
    private readonly model: string,
  ) {
    this.openAi = new OpenAiServer(upstream, api, model);
  }

  /** @throws EngineError when nothing listens; `timeout` when the port is bound but silent, as it is while vLLM loads */
  async health(signal: AbortSignal): Promise<void> {
    const { status } = await this.openAi.get('/health', signal);
    if (status >= 500) throw unhealthy(status);
  }

  /** @throws EngineError when the server is no vLLM, or does not serve the model */
  async facts(signal: AbortSignal): Promise<ServerFacts> {
    const [version, models] = await Promise.all([this.openAi.get('/version', signal), this.openAi.models(signal)]);
    return readFacts(version.status === 200 ? contentOf(version) : undefined, models, this.model);
  }

  /** Only servers in development mode tell; the others answer 404. */
  async isSleeping(signal: AbortSignal): Promise<boolean> {
    const reply = await this.openAi.get('/is_sleeping', signal);
    return reply.status === 200 && contentOf(reply)?.is_sleeping === true;
  }

  /** Harmless for a server that is awake. */
  async wake(signal: AbortSignal): Promise<void> {
    const options = { timeoutMs: WAKE_TIMEOUT_MS, signal, retries: 1 } as const;
    const reply = await this.upstream.postJson('/wake_up', {}, options).catch((cause: unknown) => {
      throw asleep(cause);
    });
    if (reply.status !== 200) throw asleep(`status ${reply.status}`);
  }

  /** Undefined when the server has no route for it. */
  async countTokens(prompt: EnginePrompt, signal: AbortSignal): Promise<number | undefined> {
    const text = prompt.type === 'text' ? { prompt: prompt.text } : { messages: messagesOf(prompt) };
    const options = { timeoutMs: CALL_TIMEOUT_MS, signal, retries: 2 } as const;
    try {
      const reply = await this.openAi.post('/tokenize', { model: this.model, ...text }, options);
      const { count } = (reply ?? {}) as { readonly count?: unknown };
      return typeof count === 'number' ? count : undefined;
    } catch (error) {
      if (isEngineError(error) && error.reason === 'wrong_url') return undefined;
      throw error;
    }
  }

  /** `{}` where the server tells none. */
  async gauges(signal: AbortSignal, timeoutMs: number): Promise<EngineGauges> {
    const metrics = await this.metrics.read(signal, timeoutMs);
    return metrics === undefined ? {} : gaugesOf(metrics);
  }
}

function contentOf(reply: HttpReply): Readonly<Record<string, unknown>> | undefined {
  try {
    const content: unknown = JSON.parse(reply.text);
    return typeof content === 'object' && content !== null ? (content as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function asleep(cause: unknown): EngineError {
  return new EngineError('unavailable', 'The engine sleeps and did not wake up.', { reason: 'asleep', cause });
}
