import { createHash } from 'node:crypto';
import {
  EngineError,
  type EmbedRequest,
  type EmbedResult,
  type EngineConnection,
  type EngineDescription,
  type EngineEndpoint,
  type EngineEvent,
  type EngineHealth,
  type EnginePrompt,
  type GenerateRequest,
  type RerankRequest,
  type RerankResult,
} from '@llama-orch/plugin-sdk';
import { Decode } from './decode.js';
import { errorOf, type Faults, type FaultyTask } from './faults.js';
import { type MockOptions, type RunFault } from './options.js';
import { countWords, readPrompt, type ReadPrompt } from './prompt.js';
import { Run } from './run.js';
import { embedText, scoreText } from './vectors.js';

const DEFAULT_CONTEXT_TOKENS = 8_192;

/** One replica of the mock engine. */
export class MockConnection implements EngineConnection {
  readonly lost: Promise<EngineError>;
  #reportLoss!: (error: EngineError) => void;
  /** Set once the engine is gone: every later call fails with it. */
  #gone: EngineError | undefined;
  readonly #runs = new Set<Run>();
  readonly #slots: number;
  readonly #contextTokens: number;
  readonly #loadedAt: number;

  constructor(
    private readonly endpoint: EngineEndpoint,
    private readonly options: MockOptions,
    private readonly faults: Faults,
  ) {
    this.lost = new Promise((resolve) => (this.#reportLoss = resolve));
    this.#slots = Math.min(options.slots ?? endpoint.slots, endpoint.slots);
    const askedContext = endpoint.contextTokens ?? DEFAULT_CONTEXT_TOKENS;
    this.#contextTokens = Math.min(options.context_tokens ?? askedContext, askedContext);
    this.#loadedAt = faults.takeNeverReady() ? Infinity : performance.now() + options.load_ms;
  }

  /** Slots in use, for tests. */
  get busySlots(): number {
    return this.#runs.size;
  }

  async describe(): Promise<EngineDescription> {
    return {
      engineVersion: this.options.engine_version,
      modelDigest: `sha256:${createHash('sha256').update(`mock ${this.endpoint.model.id}`).digest('hex')}`,
      slots: this.#slots,
      contextTokens: this.#contextTokens,
      workloads: ['completion', 'embedding', 'rerank'],
      determinism: this.options.determinism,
      seedBits: this.options.seed_bits,
      features: {
        params: [
          'temperature',
          'top_p',
          'top_k',
          'min_p',
          'presence_penalty',
          'frequency_penalty',
          'repeat_penalty',
          'stop',
        ],
        chat: true,
        promptAbort: true,
        interruptibleDecode: true,
      },
    };
  }

  async health(): Promise<EngineHealth> {
    if (this.#gone) return { state: 'failed', reason: this.#gone.message };
    if (this.#isLoading()) return { state: 'loading', reason: 'The mock engine is loading, as its options say.' };
    return { state: 'ready' };
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<readonly EngineEvent[]> {
    if (signal.aborted) return;
    const prompt = readPrompt(request.prompt);
    const decode = this.#decode(request, prompt);
    const run = this.#takeSlot(signal);
    try {
      yield* this.#stream(run, decode, { ...this.options, ...prompt.settings }, { ...request, faults: prompt.faults });
    } finally {
      run.end();
    }
  }

  async embed({ taskId, inputs }: EmbedRequest, signal: AbortSignal): Promise<EmbedResult> {
    const prompts = await this.#prefill(taskId, inputs, signal);
    return {
      embeddings: prompts.map((text) => embedText(text, this.options.embedding_size)),
      promptTokens: this.#countAll(prompts),
    };
  }

  async rerank({ taskId, query, inputs }: RerankRequest, signal: AbortSignal): Promise<RerankResult> {
    const [asked = '', ...texts] = await this.#prefill(taskId, [query, ...inputs], signal);
    return { scores: texts.map((text) => scoreText(asked, text)), promptTokens: this.#countAll([asked, ...texts]) };
  }

  async countTokens(prompt: EnginePrompt): Promise<number> {
    return countWords(readPrompt(prompt).text);
  }

  async close(): Promise<void> {
    this.#goAway(new EngineError('reset', 'The mock engine was closed.', { reason: 'engine_closed' }));
  }

  /** Ends the engine as a crash would, for tests. */
  die(): void {
    const error = errorOf({ kind: 'die', at_token: 0 });
    this.#goAway(error);
    this.#reportLoss(error);
  }

  async *#stream(
    run: Run,
    decode: Decode,
    pace: MockOptions,
    task: FaultyTask,
  ): AsyncGenerator<readonly EngineEvent[]> {
    for (;;) {
      const due = decode.tokens === 0 ? pace.first_token_ms : pace.token_ms;
      if (!(await run.pause(decode.isFinished ? 0 : due))) return;
      if (!(await this.#sufferFault(run, decode.tokens, task))) return;
      if (decode.isFinished) break;
      const events = decode.read(Math.min(pace.batch_tokens, this.faults.distance(decode.tokens, task)));
      if (events.length > 0) yield events;
    }
    yield decode.finish();
  }

  #decode(request: GenerateRequest, { text, settings }: ReadPrompt): Decode {
    this.#checkRequest(request);
    const promptTokens = countWords(text);
    this.#checkContext(promptTokens);
    return new Decode(request, {
      promptText: text,
      promptTokens,
      naturalTokens: settings.tokens ?? this.options.tokens,
      maxTokens: Math.min(request.maxTokens, this.#contextTokens - promptTokens),
      emoji: settings.emoji ?? this.options.emoji,
    });
  }

  /** Reads prompts that need no decoding: takes the time of a first token and the faults at token 0. */
  async #prefill(taskId: string, inputs: readonly string[], signal: AbortSignal): Promise<string[]> {
    const prompts = inputs.map((text) => readPrompt({ type: 'text', text }));
    for (const { text } of prompts) this.#checkContext(countWords(text));
    const task = { taskId, faults: prompts.flatMap(({ faults }) => faults) };
    const firstTokenMs = prompts[0]?.settings.first_token_ms ?? this.options.first_token_ms;
    const run = this.#takeSlot(signal);
    try {
      const isDone = (await run.pause(firstTokenMs)) && (await this.#sufferFault(run, 0, task));
      if (!isDone) throw cancelled();
      return prompts.map(({ text }) => text);
    } finally {
      run.end();
    }
  }

  /** False when the task was aborted while it stalled. */
  async #sufferFault(run: Run, delivered: number, task: FaultyTask): Promise<boolean> {
    const fault: RunFault | undefined = this.faults.takeAt(delivered, task);
    if (!fault) return true;
    if (fault.kind === 'stall') return run.pause(Infinity);
    if (fault.kind === 'die') this.die();
    throw errorOf(fault);
  }

  #takeSlot(signal: AbortSignal): Run {
    if (signal.aborted) throw cancelled();
    if (this.#gone) throw this.#gone;
    if (this.#isLoading()) throw unavailable('loading', 'The mock engine is still loading; wait until it is ready.');
    if (this.#runs.size >= this.#slots) {
      throw unavailable('overloaded', `All ${this.#slots} slots of the mock engine are busy; lease a slot first.`);
    }
    const run = new Run(signal, (ended) => this.#runs.delete(ended));
    this.#runs.add(run);
    return run;
  }

  #checkRequest({ seed, maxTokens, jsonSchema }: GenerateRequest): void {
    const limit = 2 ** this.options.seed_bits;
    if (!Number.isInteger(seed) || seed < 0 || seed >= limit) {
      throw invalidInput(
        'seed',
        `The seed must be a whole number from 0 to ${limit - 1}; reduce it to seedBits first.`,
      );
    }
    if (!Number.isInteger(maxTokens) || maxTokens < 1) {
      throw invalidInput('max_tokens', 'The token limit must be a whole number of at least 1.');
    }
    if (jsonSchema !== undefined) {
      throw invalidInput('not_supported', 'The mock engine has no JSON schema mode; leave the schema out.');
    }
  }

  #checkContext(promptTokens: number): void {
    if (promptTokens < this.#contextTokens) return;
    throw invalidInput(
      'context_overflow',
      `The prompt has ${promptTokens} tokens, the context ${this.#contextTokens}; shorten the prompt.`,
    );
  }

  #countAll(texts: readonly string[]): number {
    return texts.reduce((sum, text) => sum + countWords(text), 0);
  }

  #isLoading(): boolean {
    return performance.now() < this.#loadedAt;
  }

  #goAway(error: EngineError): void {
    this.#gone ??= error;
    for (const run of [...this.#runs]) run.fail(error);
  }
}

function cancelled(): EngineError {
  return new EngineError('reset', 'The call was cancelled.', { reason: 'cancelled' });
}

function unavailable(reason: string, message: string): EngineError {
  return new EngineError('unavailable', message, { reason });
}

function invalidInput(reason: string, message: string): EngineError {
  return new EngineError('invalid-input', message, { reason });
}
