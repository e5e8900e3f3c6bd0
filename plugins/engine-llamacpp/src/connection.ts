import {
  type EmbedRequest,
  type EmbedResult,
  type EngineConnection,
  type EngineDescription,
  type EngineEndpoint,
  type EngineError,
  type EngineEvent,
  type EngineGauges,
  type EngineHealth,
  type EnginePrompt,
  type GenerateRequest,
  isEngineError,
  type PluginContext,
  type RerankRequest,
  type RerankResult,
  type SlotState,
  type SlotTokens,
} from '@llama-orch/plugin-sdk';
import {
  RunningStreams,
  FreeConfirmation,
  readErrorBody,
  type StreamCall,
  type Upstream,
} from '@llama-orch/plugin-sdk/http';
import { completionBody } from './completion-body.js';
import { CompletionReader } from './completion-reader.js';
import { refusal } from './errors.js';
import { descriptionOf, refuseOtherModel, usesPromptCache, type ServerFacts } from './facts.js';
import { LlamaServer } from './llama-server.js';
import { type LlamaCppOptions } from './options.js';
import { Prompts } from './prompts.js';
import { SlotFiles } from './slot-files.js';
import { Vectors } from './vectors.js';

/** One llama-server as the host sees it. */
export class LlamaCppConnection implements EngineConnection {
  /** Offered once `describe` found that the server has a folder for slots. */
  saveSlot?: (state: SlotState, signal: AbortSignal) => Promise<SlotTokens>;
  restoreSlot?: (state: SlotState, signal: AbortSignal) => Promise<SlotTokens>;
  readonly #server: LlamaServer;
  readonly #prompts: Prompts;
  readonly #vectors: Vectors;
  readonly #slotFiles: SlotFiles;
  readonly #confirmation: FreeConfirmation;
  /** Generations that need a slot. */
  readonly #running = new RunningStreams();
  readonly #closing = new AbortController();
  readonly #unknownFinishes = new Set<string>();
  #facts: ServerFacts | undefined;

  constructor(
    private readonly upstream: Upstream,
    private readonly endpoint: EngineEndpoint,
    private readonly options: LlamaCppOptions,
    private readonly context: PluginContext,
  ) {
    this.#server = new LlamaServer(upstream);
    this.#prompts = new Prompts(this.#server, options.control_tokens);
    this.#vectors = new Vectors(upstream, endpoint.model.id, options.first_byte_timeout_ms);
    this.#slotFiles = new SlotFiles(this.#server);
    this.#confirmation = new FreeConfirmation(
      (timeoutMs) => this.#busySlots(timeoutMs),
      () => this.#running.size,
    );
  }

  /** @throws EngineError when nothing listens at the address */
  async reach(): Promise<void> {
    await this.#server.reach(this.#closing.signal);
  }

  async describe(signal: AbortSignal): Promise<EngineDescription> {
    const facts = (this.#facts = await this.#freshFacts(signal));
    await this.#vectors.demand(this.options.workloads, signal);
    const [canChat] = await Promise.all([this.#canChat(signal), this.#offerSlotFiles(signal)]);
    return descriptionOf(facts, {
      slots: Math.min(facts.slots, this.endpoint.slots),
      contextTokens: this.#contextTokens(facts),
      workloads: this.options.workloads,
      canChat,
      cachesPrompt: usesPromptCache(facts, this.options.cache_prompt),
      controlTokens: this.options.control_tokens,
      confirmsCancel: this.options.confirm_cancel && facts.hasSlotsRoute,
    });
  }

  async health(signal: AbortSignal): Promise<EngineHealth> {
    return this.#server.health(signal, (facts) => this.#notice(facts));
  }

  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<readonly EngineEvent[]> {
    return this.#running.open(
      {
        upstream: this.upstream,
        limits: { headTimeoutMs: this.options.first_byte_timeout_ms, idleTimeoutMs: this.options.idle_timeout_ms },
        reader: new CompletionReader((finish) => this.#noteFinish(finish)),
        prepare: (own) => this.#call(request, own),
        refusal: (reply) => refusal(reply, readErrorBody(reply.text)),
        confirmFree: () => this.#confirmFree(),
      },
      signal,
    );
  }

  async embed(request: EmbedRequest, signal: AbortSignal): Promise<EmbedResult> {
    return this.#vectors.embed(request, signal);
  }

  async rerank(request: RerankRequest, signal: AbortSignal): Promise<RerankResult> {
    return this.#vectors.rerank(request, signal);
  }

  async countTokens(prompt: EnginePrompt, signal: AbortSignal): Promise<number> {
    return this.#prompts.count(prompt, signal);
  }

  async scrape(signal: AbortSignal): Promise<EngineGauges> {
    return this.#server.gauges(signal);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#running.close();
    await this.upstream.close();
  }

  async #call(request: GenerateRequest, signal: AbortSignal): Promise<StreamCall> {
    const facts = (this.#facts ??= await this.#freshFacts(signal));
    const prompt = await this.#prompts.prepare(request.prompt, this.#contextTokens(facts), signal);
    const body = completionBody(request, prompt, usesPromptCache(facts, this.options.cache_prompt));
    return { path: '/completion', body };
  }

  async #freshFacts(signal: AbortSignal): Promise<ServerFacts> {
    const facts = await this.#server.facts(signal, 2);
    this.#demandModel(facts);
    return facts;
  }

  /** Weights that the pool names by their file have whatever name the server was given. */
  #demandModel(facts: ServerFacts): void {
    const { id, path } = this.endpoint.model;
    const wanted = this.options.served_model ?? (path === undefined ? id : undefined);
    if (wanted !== undefined) refuseOtherModel(facts, wanted);
  }

  /** Another engine or model may have taken over the address. */
  #notice(facts: ServerFacts): void {
    this.#demandModel(facts);
    const known = this.#facts;
    if (known !== undefined && (known.version !== facts.version || known.modelDigest !== facts.modelDigest)) {
      this.#log('another engine or model answers at the url of the pool');
    }
    this.#facts = facts;
  }

  #contextTokens(facts: ServerFacts): number {
    return Math.min(facts.contextTokens, this.endpoint.contextTokens ?? Infinity);
  }

  async #canChat(signal: AbortSignal): Promise<boolean> {
    const canChat = await this.#prompts.canChat(signal).catch((error: unknown) => noChat(error));
    if (!canChat) this.#log('chat is off: the template cannot be split; see control_tokens');
    return canChat;
  }

  async #offerSlotFiles(signal: AbortSignal): Promise<void> {
    delete this.saveSlot;
    delete this.restoreSlot;
    if (!(await this.#slotFiles.areOffered(signal))) return;
    const slots = async (own: AbortSignal): Promise<number> => (this.#facts ??= await this.#freshFacts(own)).slots;
    this.saveSlot = async (state, own) => this.#slotFiles.save(state, await slots(own), own);
    this.restoreSlot = async (state, own) => this.#slotFiles.restore(state, await slots(own), own);
  }

  async #busySlots(timeoutMs: number): Promise<number | undefined> {
    const slots = await this.#server.slots(this.#closing.signal, timeoutMs);
    return slots?.filter((slot) => slot.is_processing === true).length;
  }

  async #confirmFree(): Promise<void> {
    if (!this.options.confirm_cancel || this.#closing.signal.aborted || this.#facts?.hasSlotsRoute === false) return;
    const outcome = await this.#confirmation.untilFree();
    if (outcome === 'busy') this.#log('a slot was not confirmed free within a second of a cancel');
  }

  #noteFinish(engineFinish: string): void {
    if (this.#unknownFinishes.has(engineFinish)) return;
    this.#unknownFinishes.add(engineFinish);
    this.#log(`answers end with a word that is not known: ${engineFinish.slice(0, 40)}`);
  }

  #log(message: string): void {
    const { poolId, replicaId } = this.endpoint;
    this.context.log('warn', message, { engine: 'llamacpp', pool_id: poolId, replica_id: replicaId });
  }
}

/** A server that refuses the template itself has no chat; any other failure is the caller's to see. */
function noChat(error: unknown): false {
  if (isEngineError(error) && NO_CHAT.has(error.code)) return false;
  throw error;
}

const NO_CHAT: ReadonlySet<EngineError['code']> = new Set(['invalid-input', 'adapter', 'internal']);
