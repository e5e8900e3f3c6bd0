import {
  type EngineConnection,
  type EngineDescription,
  type EngineEndpoint,
  type EngineEvent,
  type EngineGauges,
  type EngineHealth,
  type GenerateRequest,
  type PluginContext,
} from '@llama-orch/plugin-sdk';
import {
  RunningStreams,
  FreeConfirmation,
  guessTokens,
  notSupported,
  type StreamCall,
  type Upstream,
} from '@llama-orch/plugin-sdk/http';
import { AnswerReader } from './answer-reader.js';
import { type TextMemory } from './answer-text.js';
import { refusal } from './errors.js';
import { descriptionOf, refuseInexact, type ServerFacts } from './facts.js';
import { generateBody } from './generate-body.js';
import { LateReader } from './late-reader.js';
import { ModelLife } from './model-life.js';
import { type TritonOptions } from './options.js';
import { type TritonServer } from './triton-server.js';

const SCRAPE_TIMEOUT_MS = 1_000;

/** What a connection is made of; it owns the upstreams. */
export interface TritonParts {
  readonly upstreams: readonly Upstream[];
  readonly upstream: Upstream;
  readonly server: TritonServer;
}

/** One model of one Triton server as the host sees it. */
export class TritonConnection implements EngineConnection {
  readonly #life: ModelLife;
  readonly #confirmation: FreeConfirmation;
  /** Generations that the engine works on. */
  readonly #running = new RunningStreams();
  readonly #closing = new AbortController();
  readonly #memory: TextMemory;
  #facts: ServerFacts | undefined;

  constructor(
    private readonly parts: TritonParts,
    private readonly endpoint: EngineEndpoint,
    private readonly options: TritonOptions,
    private readonly context: PluginContext,
  ) {
    this.#life = new ModelLife(parts.server);
    this.#memory = { form: options.text, isGiven: options.text !== 'auto' };
    this.#confirmation = new FreeConfirmation(
      (timeoutMs) => this.#busy(timeoutMs),
      () => this.#running.size,
    );
  }

  /** @throws EngineError when nothing answers at the address, or the server refuses the key */
  async open(): Promise<void> {
    const { server } = this.parts;
    await server.reach(this.#closing.signal);
    if (this.options.load) await this.#life.begin(this.endpoint.loadTimeoutMs, this.#closing.signal);
  }

  async describe(signal: AbortSignal): Promise<EngineDescription> {
    const facts = (this.#facts = await this.#currentFacts(signal));
    const isExact = this.options.determinism === 'exact';
    if (isExact) refuseInexact(facts);
    const { running } = await this.scrape(signal);
    return descriptionOf(facts, {
      slots: this.endpoint.slots,
      contextTokens: this.endpoint.contextTokens,
      isExact,
      confirmsCancel: this.options.confirm_cancel && running !== undefined,
    });
  }

  async health(signal: AbortSignal): Promise<EngineHealth> {
    return this.#life.health(signal);
  }

  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<readonly EngineEvent[]> {
    const { first_byte_timeout_ms: headTimeoutMs, idle_timeout_ms: idleTimeoutMs } = this.options;
    const reader = new LateReader();
    return this.#running.open(
      {
        upstream: this.parts.upstream,
        limits: { headTimeoutMs, idleTimeoutMs },
        reader,
        prepare: (own) => this.#call(request, reader, own),
        refusal,
        confirmFree: () => this.#confirmFree(),
      },
      signal,
    );
  }

  async scrape(signal: AbortSignal): Promise<EngineGauges> {
    return this.parts.server.gauges(signal, SCRAPE_TIMEOUT_MS);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#running.close();
    await this.#life.end();
    await Promise.all(this.parts.upstreams.map((upstream) => upstream.close()));
  }

  async #call(request: GenerateRequest, reader: LateReader, signal: AbortSignal): Promise<StreamCall> {
    const { prompt, jsonSchema, sampling, maxTokens } = request;
    if (prompt.type === 'chat') throw notSupported('Triton renders no conversations; send a text prompt.');
    if (jsonSchema !== undefined) throw notSupported('it is not asked for grammars.');
    const { fields } = (this.#facts ??= await this.#currentFacts(signal));
    reader.begin(
      new AnswerReader({
        outputs: fields.outputs,
        stops: sampling.stop,
        maxTokens,
        memory: this.#memory,
        echo: this.#mayEcho(fields.inputs.exclude_prompt) ? prompt.text : undefined,
        promptTokensGuess: guessTokens([prompt.text]),
      }),
    );
    return { path: `${this.parts.server.path}/generate_stream`, body: generateBody(request, prompt.text, fields) };
  }

  #mayEcho(excludePrompt: string | undefined): boolean {
    const { echo } = this.options;
    return echo === 'always' || (echo === 'auto' && excludePrompt === undefined);
  }

  #currentFacts(signal: AbortSignal): Promise<ServerFacts> {
    const { fields, backend_version: backendVersion } = this.options;
    return this.parts.server.facts({ fields, backendVersion }, signal);
  }

  async #busy(timeoutMs: number): Promise<number | undefined> {
    return (await this.parts.server.gauges(this.#closing.signal, timeoutMs)).running;
  }

  async #confirmFree(): Promise<void> {
    if (!this.options.confirm_cancel || this.#closing.signal.aborted) return;
    if ((await this.#confirmation.untilFree()) !== 'busy') return;
    const { poolId, replicaId } = this.endpoint;
    const fields = { engine: 'triton', pool_id: poolId, replica_id: replicaId };
    this.context.log('warn', 'a request was not confirmed gone within a second of a cancel', fields);
  }
}
