import {
  type EmbedRequest,
  type EmbedResult,
  type EngineConnection,
  type EngineDescription,
  type EngineEndpoint,
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
  guessTokens,
  type MetricsRoute,
  notSupported,
  openAiCall,
  type OpenAiDialect,
  type OpenAiModel,
  openAiRefusal,
  OpenAiReader,
  type OpenAiServer,
  Readiness,
  servedModel,
  type StreamCall,
  type Upstream,
} from '@llama-orch/plugin-sdk/http';
import { contextOf, descriptionOf } from './facts.js';
import { gaugesOf } from './metrics.js';
import { type OpenAiOptions } from './options.js';

const SCRAPE_TIMEOUT_MS = 1_000;

/** What a connection is made of; it owns the upstreams. */
export interface OpenAiParts {
  readonly upstreams: readonly Upstream[];
  readonly upstream: Upstream;
  readonly server: OpenAiServer;
  /** Path of the OpenAI routes. */
  readonly api: string;
  readonly metrics: MetricsRoute | undefined;
}

/** One OpenAI-compatible server as the host sees it. */
export class OpenAiConnection implements EngineConnection {
  readonly #readiness: Readiness;
  readonly #running = new RunningStreams();
  readonly #unknownFinishes = new Set<string>();
  #model: OpenAiModel | undefined;

  constructor(
    private readonly parts: OpenAiParts,
    private readonly endpoint: EngineEndpoint,
    private readonly options: OpenAiOptions,
    private readonly context: PluginContext,
  ) {
    this.#readiness = new Readiness(endpoint.loadTimeoutMs);
  }

  async describe(signal: AbortSignal): Promise<EngineDescription> {
    const model = await this.#servedModel(signal);
    const { slots, contextTokens } = this.endpoint;
    return descriptionOf(model, this.options, { slots, contextTokens: contextOf(model, this.options, contextTokens) });
  }

  async health(signal: AbortSignal): Promise<EngineHealth> {
    return this.#readiness.ask(async () => {
      const model = await this.#servedModel(signal);
      const known = this.#model;
      if (known !== undefined && known.ownedBy !== model.ownedBy)
        this.#log('another engine answers at the url of the pool');
      this.#model = model;
      return { isSleeping: false };
    });
  }

  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<readonly EngineEvent[]> {
    return this.#running.open(
      {
        upstream: this.parts.upstream,
        limits: { headTimeoutMs: this.options.first_byte_timeout_ms, idleTimeoutMs: this.options.idle_timeout_ms },
        reader: new OpenAiReader({
          promptTokensGuess: guessTokens(textsOf(request.prompt)),
          onUnknownFinish: (finish) => this.#noteFinish(finish),
        }),
        prepare: () => this.#call(request),
        refusal: openAiRefusal,
      },
      signal,
    );
  }

  async embed(request: EmbedRequest, signal: AbortSignal): Promise<EmbedResult> {
    return this.parts.server.embed(request, this.#callOptions(signal));
  }

  async rerank(request: RerankRequest, signal: AbortSignal): Promise<RerankResult> {
    return this.parts.server.rerank(request, this.#callOptions(signal));
  }

  async scrape(signal: AbortSignal): Promise<EngineGauges> {
    const metrics = await this.parts.metrics?.read(signal, SCRAPE_TIMEOUT_MS);
    return metrics === undefined ? {} : gaugesOf(metrics);
  }

  async close(): Promise<void> {
    this.#running.close();
    await Promise.all(this.parts.upstreams.map((upstream) => upstream.close()));
  }

  /** The model as the server lists it; Ollama adds a tag to its name. */
  async #servedModel(signal: AbortSignal): Promise<OpenAiModel> {
    const { id } = this.endpoint.model;
    const { server } = this.parts;
    if (this.options.list_models) return servedModel(await server.models(signal), id);
    await server.get(`${this.parts.api}/models`, signal);
    return { id, ownedBy: undefined, root: undefined, contextTokens: undefined };
  }

  #call(request: GenerateRequest): StreamCall {
    const { json_schema, api, fields, max_tokens_field, include_usage } = this.options;
    if (request.jsonSchema !== undefined && !json_schema) throw notSupported('json_schema is off for this pool.');
    const dialect: OpenAiDialect = {
      model: this.endpoint.model.id,
      api,
      fields,
      maxTokensField: max_tokens_field,
      usage: include_usage ? 'end' : 'none',
      schemaForText: false,
    };
    return openAiCall(request, dialect, this.parts.api);
  }

  #callOptions(signal: AbortSignal): CallOptions {
    return { timeoutMs: this.options.first_byte_timeout_ms, signal, retries: 1 };
  }

  #noteFinish(engineFinish: string): void {
    if (this.#unknownFinishes.has(engineFinish)) return;
    this.#unknownFinishes.add(engineFinish);
    this.#log(`answers end with a word that is not known: ${engineFinish.slice(0, 40)}`);
  }

  #log(message: string): void {
    const { poolId, replicaId } = this.endpoint;
    this.context.log('warn', message, { engine: 'openai', pool_id: poolId, replica_id: replicaId });
  }
}

function textsOf(prompt: EnginePrompt): readonly string[] {
  return prompt.type === 'text' ? [prompt.text] : prompt.messages.map(({ content }) => content);
}
