import {
  type EngineConnection,
  type EngineDescription,
  type EngineEndpoint,
  type EngineEvent,
  type EngineHealth,
  type EnginePrompt,
  type GenerateRequest,
  isEngineError,
  type PluginContext,
} from '@llama-orch/plugin-sdk';
import { type Upstream } from '@llama-orch/plugin-sdk/http';
import { completionBody } from './completion-body.js';
import { descriptionOf, usesPromptCache, type ServerFacts } from './facts.js';
import { Generation, type GenerationWork } from './generation.js';
import { healthOf } from './health.js';
import { LlamaServer } from './llama-server.js';
import { type LlamaCppOptions } from './options.js';
import { Prompts } from './prompts.js';
import { SlotConfirmation } from './slot-confirmation.js';

/** One llama-server as the host sees it. */
export class LlamaCppConnection implements EngineConnection {
  readonly #server: LlamaServer;
  readonly #prompts: Prompts;
  readonly #slots: SlotConfirmation;
  /** Generations that need a slot. */
  readonly #running = new Set<Generation>();
  readonly #closing = new AbortController();
  #facts: ServerFacts | undefined;

  constructor(
    private readonly upstream: Upstream,
    private readonly endpoint: EngineEndpoint,
    private readonly options: LlamaCppOptions,
    private readonly context: PluginContext,
  ) {
    this.#server = new LlamaServer(upstream);
    this.#prompts = new Prompts(this.#server, options.control_tokens);
    this.#slots = new SlotConfirmation(this.#server, () => this.#running.size, this.#closing.signal);
  }

  /** @throws EngineError when nothing listens at the address */
  async reach(): Promise<void> {
    await this.#server.health(this.#closing.signal);
  }

  async describe(signal: AbortSignal): Promise<EngineDescription> {
    this.#facts = undefined;
    const facts = await this.#knownFacts(signal);
    const canChat = await this.#prompts.canChat(signal).catch((error: unknown) => this.#noChat(error));
    if (!canChat) this.#log('warn', 'chat is off: the template cannot be split; see control_tokens');
    const slots = Math.min(facts.slots, this.endpoint.slots);
    const cachesPrompt = usesPromptCache(facts, this.options.cache_prompt);
    return descriptionOf(facts, { slots, contextTokens: this.#contextTokens(facts), canChat, cachesPrompt });
  }

  async health(signal: AbortSignal): Promise<EngineHealth> {
    const [health, facts] = await Promise.all([healthOf(this.#server, signal), this.#currentFacts(signal)]);
    if (health.state !== 'ready' || facts === undefined) return health;
    this.#notice(facts);
    return facts.isSleeping ? { state: 'ready', reason: 'sleeping' } : health;
  }

  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<readonly EngineEvent[]> {
    const work: GenerationWork = {
      upstream: this.upstream,
      limits: { headTimeoutMs: this.options.first_byte_timeout_ms, idleTimeoutMs: this.options.idle_timeout_ms },
      prepare: (own) => this.#body(request, own),
      confirmFree: () => this.#confirmFree(),
      onOver: () => this.#running.delete(generation),
    };
    const generation = new Generation(work, signal);
    this.#running.add(generation);
    void generation.start();
    return generation.events;
  }

  async countTokens(prompt: EnginePrompt, signal: AbortSignal): Promise<number> {
    return this.#prompts.count(prompt, signal);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const generation of this.#running) generation.close();
    await this.upstream.close();
  }

  async #body(request: GenerateRequest, signal: AbortSignal): Promise<string> {
    const facts = await this.#knownFacts(signal);
    const prompt = await this.#prompts.prepare(request.prompt, this.#contextTokens(facts), signal);
    return completionBody(request, prompt, usesPromptCache(facts, this.options.cache_prompt));
  }

  async #knownFacts(signal: AbortSignal): Promise<ServerFacts> {
    return (this.#facts ??= await this.#server.facts(signal, 2));
  }

  async #currentFacts(signal: AbortSignal): Promise<ServerFacts | undefined> {
    return this.#server.facts(signal, 0).catch(() => undefined);
  }

  /** Another engine or model may have taken over the address. */
  #notice(facts: ServerFacts): void {
    const known = this.#facts;
    if (known !== undefined && (known.version !== facts.version || known.modelDigest !== facts.modelDigest)) {
      this.#log('warn', 'another engine or model answers at the url of the pool');
    }
    this.#facts = facts;
  }

  #contextTokens(facts: ServerFacts): number {
    return Math.min(facts.contextTokens, this.endpoint.contextTokens ?? Infinity);
  }

  /** A server that refuses the template itself has no chat; any other failure is the caller's to see. */
  #noChat(error: unknown): false {
    if (isEngineError(error) && /^(invalid-input|adapter|internal)$/.test(error.code)) return false;
    throw error;
  }

  async #confirmFree(): Promise<void> {
    if (!this.options.confirm_cancel || this.#closing.signal.aborted || this.#facts?.hasSlotsRoute === false) return;
    const outcome = await this.#slots.untilFree();
    if (outcome === 'busy') this.#log('warn', 'a slot was not confirmed free within a second of a cancel');
  }

  #log(level: 'warn', message: string): void {
    const { poolId, replicaId } = this.endpoint;
    this.context.log(level, message, { engine: 'llamacpp', pool_id: poolId, replica_id: replicaId });
  }
}
