import {
  type EmbedRequest,
  type EmbedResult,
  type EngineConnection,
  type EngineDescription,
  type EngineEndpoint,
  EngineError,
  type EngineEvent,
  type EngineGauges,
  type EngineHealth,
  type EnginePrompt,
  type GenerateRequest,
  type PluginContext,
  type RerankRequest,
  type RerankResult,
} from '@llama-orch/plugin-sdk';
import {
  type CallOptions,
  RunningStreams,
  FreeConfirmation,
  openAiRefusal,
  OpenAiReader,
  Readiness,
  type StreamCall,
  type Upstream,
} from '@llama-orch/plugin-sdk/http';
import { descriptionOf, type ServerFacts } from './facts.js';
import { type VllmOptions } from './options.js';
import { fittedRequest, generationCall, guessOf } from './request.js';
import { type VllmServer } from './vllm-server.js';

const DEFAULT_CONTEXT = 8_192;
const SCRAPE_TIMEOUT_MS = 1_000;

/** What a connection is made of; it owns the upstreams. */
export interface VllmParts {
  readonly upstreams: readonly Upstream[];
  readonly upstream: Upstream;
  readonly server: VllmServer;
  /** Path of the OpenAI routes. */
  readonly api: string;
}

/** One vLLM server as the host sees it. */
export class VllmConnection implements EngineConnection {
  readonly #readiness: Readiness;
  readonly #confirmation: FreeConfirmation;
  /** Generations that the engine works on. */
  readonly #running = new RunningStreams();
  readonly #closing = new AbortController();
  readonly #unknownFinishes = new Set<string>();
  #facts: ServerFacts | undefined;
  #isAsleep = false;

  constructor(
    private readonly parts: VllmParts,
    private readonly endpoint: EngineEndpoint,
    private readonly options: VllmOptions,
    private readonly context: PluginContext,
  ) {
    this.#readiness = new Readiness(endpoint.loadTimeoutMs);
    this.#confirmation = new FreeConfirmation(
      async (timeoutMs) => (await parts.server.gauges(this.#closing.signal, timeoutMs)).running,
      () => this.#running.size,
    );
  }

  async describe(signal: AbortSignal): Promise<EngineDescription> {
    const facts = (this.#facts = await this.parts.server.facts(signal));
    const { running } = await this.scrape(signal);
    return descriptionOf(facts, {
      slots: this.endpoint.slots,
      contextTokens: this.#contextTokens(facts),
      workloads: this.options.workloads,
      isBatchInvariant: this.options.batch_invariant,
      confirmsCancel: this.options.confirm_cancel && running !== undefined,
    });
  }

  async health(signal: AbortSignal): Promise<EngineHealth> {
    return this.#readiness.ask(async () => {
      const { server } = this.parts;
      await server.health(signal);
      const [facts, isSleeping] = await Promise.all([server.facts(signal), server.isSleeping(signal)]);
      this.#notice(facts);
      this.#isAsleep = isSleeping;
      return { isSleeping };
    });
  }

  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<readonly EngineEvent[]> {
    return this.#running.open(
      {
        upstream: this.parts.upstream,
        limits: { headTimeoutMs: this.options.first_byte_timeout_ms, idleTimeoutMs: this.options.idle_timeout_ms },
        reader: new OpenAiReader({
          promptTokensGuess: guessOf(request.prompt),
          onUnknownFinish: (finish) => this.#noteFinish(finish),
        }),
        prepare: (own) => this.#call(request, own),
        refusal: openAiRefusal,
        confirmFree: () => this.#confirmFree(),
      },
      signal,
    );
  }

  async embed(request: EmbedRequest, signal: AbortSignal): Promise<EmbedResult> {
    return this.parts.server.openAi.embed(request, this.#callOptions(signal));
  }

  async rerank(request: RerankRequest, signal: AbortSignal): Promise<RerankResult> {
    return this.parts.server.openAi.rerank(request, this.#callOptions(signal));
  }

  async countTokens(prompt: EnginePrompt, signal: AbortSignal): Promise<number> {
    const count = await this.parts.server.countTokens(prompt, signal);
    if (count !== undefined) return count;
    throw new EngineError('adapter', 'The server has no /tokenize.', { reason: 'not_supported' });
  }

  async scrape(signal: AbortSignal): Promise<EngineGauges> {
    return this.parts.server.gauges(signal, SCRAPE_TIMEOUT_MS);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#running.close();
    await Promise.all(this.parts.upstreams.map((upstream) => upstream.close()));
  }

  async #call(request: GenerateRequest, signal: AbortSignal): Promise<StreamCall> {
    const { server, api } = this.parts;
    if (this.#isAsleep) await this.#wake(signal);
    const facts = (this.#facts ??= await server.facts(signal));
    const count = (prompt: EnginePrompt): Promise<number | undefined> => server.countTokens(prompt, signal);
    const fitted = await fittedRequest(request, this.#contextTokens(facts), count);
    return generationCall(fitted, this.endpoint.model.id, api);
  }

  /** The first request after a sleep pays for the wake-up: the server does not wake by itself. */
  async #wake(signal: AbortSignal): Promise<void> {
    await this.parts.server.wake(signal);
    this.#isAsleep = false;
  }

  /** Another engine or model may have taken over the address. */
  #notice(facts: ServerFacts): void {
    const known = this.#facts;
    if (known !== undefined && (known.version !== facts.version || known.modelDigest !== facts.modelDigest)) {
      this.#log('another engine or model answers at the url of the pool');
    }
    this.#facts = facts;
  }

  #contextTokens(facts: ServerFacts): number {
    const told = this.options.max_context ?? facts.contextTokens;
    return Math.min(told ?? this.endpoint.contextTokens ?? DEFAULT_CONTEXT, this.endpoint.contextTokens ?? Infinity);
  }

  #callOptions(signal: AbortSignal): CallOptions {
    return { timeoutMs: this.options.first_byte_timeout_ms, signal, retries: 1 };
  }

  async #confirmFree(): Promise<void> {
    if (!this.options.confirm_cancel || this.#closing.signal.aborted) return;
    const outcome = await this.#confirmation.untilFree();
    if (outcome === 'busy') this.#log('a request was not confirmed gone within a second of a cancel');
  }

  #noteFinish(engineFinish: string): void {
    if (this.#unknownFinishes.has(engineFinish)) return;
    this.#unknownFinishes.add(engineFinish);
    this.#log(`answers end with a word that is not known: ${engineFinish.slice(0, 40)}`);
  }

  #log(message: string): void {
    const { poolId, replicaId } = this.endpoint;
    this.context.log('warn', message, { engine: 'vllm', pool_id: poolId, replica_id: replicaId });
  }
}
