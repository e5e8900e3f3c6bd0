import {
  type EngineConnection,
  type EngineDescription,
  type EngineEndpoint,
  type EngineEvent,
  type EngineGauges,
  type EngineHealth,
  type EnginePrompt,
  type GenerateRequest,
  isEngineError,
  type PluginContext,
} from '@llama-orch/plugin-sdk';
import {
  RunningStreams,
  failedHealth,
  FreeConfirmation,
  notSupported,
  type StreamCall,
  type Upstream,
} from '@llama-orch/plugin-sdk/http';
import { AnswerReader } from './answer-reader.js';
import { refusal } from './errors.js';
import { descriptionOf, refuseOtherModel, type ServerFacts } from './facts.js';
import { generateBody } from './generate-body.js';
import { type TgiOptions } from './options.js';
import { guessOf, Prompts } from './prompts.js';
import { type TgiServer } from './tgi-server.js';

const SCRAPE_TIMEOUT_MS = 1_000;

/** One TGI server as the host sees it. */
export class TgiConnection implements EngineConnection {
  readonly #prompts: Prompts;
  readonly #confirmation: FreeConfirmation;
  /** Generations that the engine works on. */
  readonly #running = new RunningStreams();
  readonly #closing = new AbortController();
  #facts: ServerFacts | undefined;

  constructor(
    private readonly upstream: Upstream,
    private readonly server: TgiServer,
    private readonly endpoint: EngineEndpoint,
    private readonly options: TgiOptions,
    private readonly context: PluginContext,
  ) {
    this.#prompts = new Prompts(server);
    this.#confirmation = new FreeConfirmation(
      (timeoutMs) => this.#busy(timeoutMs),
      () => this.#running.size,
    );
  }

  /** @throws EngineError when nothing answers at the address */
  async reach(): Promise<void> {
    await this.server.health(this.#closing.signal).catch((error: unknown) => {
      if (isEngineError(error) && error.reason === 'unreachable') throw error;
    });
  }

  async describe(signal: AbortSignal): Promise<EngineDescription> {
    const facts = (this.#facts = await this.#currentFacts(signal));
    // Facts need no key; counting does, so a wrong key shows here and not at the first task.
    await this.server.tokenize('a', signal);
    const [canChat, gauges] = await Promise.all([
      this.#prompts.canChat(signal),
      this.server.gauges(signal, SCRAPE_TIMEOUT_MS),
    ]);
    return descriptionOf(facts, {
      slots: Math.min(facts.slots, this.endpoint.slots),
      contextTokens: this.#contextTokens(facts),
      canChat,
      confirmsCancel: this.options.confirm_cancel && gauges !== undefined,
    });
  }

  async health(signal: AbortSignal): Promise<EngineHealth> {
    try {
      const [facts] = await Promise.all([this.#currentFacts(signal), this.server.health(signal)]);
      this.#notice(facts);
      return { state: 'ready' };
    } catch (error) {
      if (isEngineError(error)) return failedHealth(error);
      throw error;
    }
  }

  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<readonly EngineEvent[]> {
    const { first_byte_timeout_ms: headTimeoutMs, idle_timeout_ms: idleTimeoutMs } = this.options;
    return this.#running.open(
      {
        upstream: this.upstream,
        limits: { headTimeoutMs, idleTimeoutMs },
        reader: new AnswerReader({ stops: request.sampling.stop, promptTokensGuess: guessOf(request.prompt) }),
        prepare: (own) => this.#call(request, own),
        refusal,
        confirmFree: () => this.#confirmFree(),
      },
      signal,
    );
  }

  async countTokens(prompt: EnginePrompt, signal: AbortSignal): Promise<number> {
    return this.#prompts.count(prompt, signal);
  }

  async scrape(signal: AbortSignal): Promise<EngineGauges> {
    return (await this.server.gauges(signal, SCRAPE_TIMEOUT_MS)) ?? {};
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#running.close();
    await this.upstream.close();
  }

  async #call(request: GenerateRequest, signal: AbortSignal): Promise<StreamCall> {
    if (request.jsonSchema !== undefined) throw notSupported('it is not asked for grammars.');
    const facts = (this.#facts ??= await this.#currentFacts(signal));
    const fitted = await this.#prompts.fit(request, facts, this.#contextTokens(facts), signal);
    return { path: '/generate_stream', body: generateBody(request, fitted) };
  }

  async #currentFacts(signal: AbortSignal): Promise<ServerFacts> {
    const facts = await this.server.facts(signal);
    refuseOtherModel(facts, this.endpoint.model.ref, this.options.model_id);
    return facts;
  }

  /** Another engine or model may have taken over the address. */
  #notice(facts: ServerFacts): void {
    const known = this.#facts;
    if (known === undefined) return;
    if (known.version !== facts.version || known.modelDigest !== facts.modelDigest) {
      this.#log('another engine or model answers at the url of the pool');
    }
    this.#facts = facts;
  }

  #contextTokens(facts: ServerFacts): number {
    return Math.min(facts.contextTokens, this.endpoint.contextTokens ?? Infinity);
  }

  async #busy(timeoutMs: number): Promise<number | undefined> {
    const gauges = await this.server.gauges(this.#closing.signal, timeoutMs);
    return gauges?.running === undefined ? undefined : gauges.running + (gauges.waiting ?? 0);
  }

  async #confirmFree(): Promise<void> {
    if (!this.options.confirm_cancel || this.#closing.signal.aborted) return;
    const outcome = await this.#confirmation.untilFree();
    if (outcome === 'busy') this.#log('a request was not confirmed gone within a second of a cancel');
  }

  #log(message: string): void {
    const { poolId, replicaId } = this.endpoint;
    this.context.log('warn', message, { engine: 'tgi', pool_id: poolId, replica_id: replicaId });
  }
}
