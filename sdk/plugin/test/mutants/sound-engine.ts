import {
  EngineError,
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
  type RerankRequest,
  type RerankResult,
  type SlotState,
  type SlotTokens,
} from '../../src/index.js';

/** The ref of a model that aborts the engine. */
export const CRASHING = 'crashing';
const STOPPED = new EngineError('reset', 'The engine was closed.', { reason: 'engine_closed' });

/** A small keeper of the engine contract: answers the words of its prompt, over and over, in an order drawn by the seed. */
export class SoundEngine implements EngineConnection {
  readonly lost: Promise<EngineError>;
  protected busy = 0;
  protected waiting = 0;
  #isDown: boolean;
  #lastWords: readonly string[] = [];
  readonly #saved = new Map<string, number>();
  #reportLoss!: (error: EngineError) => void;

  constructor(protected readonly endpoint: EngineEndpoint) {
    this.lost = new Promise((resolve) => (this.#reportLoss = resolve));
    this.#isDown = endpoint.model.ref === CRASHING;
  }

  get busySlots(): number {
    return this.busy;
  }

  get queued(): number {
    return this.waiting;
  }

  async describe(_signal: AbortSignal): Promise<EngineDescription> {
    return {
      engineVersion: 'sound-1',
      slots: this.endpoint.slots,
      contextTokens: this.endpoint.contextTokens ?? 8_192,
      workloads: ['completion', 'embedding', 'rerank'],
      determinism: 'exact',
      seedBits: 32,
      features: {
        params: ['temperature', 'top_p', 'top_k', 'stop'],
        chat: false,
        controlTokens: 'separated',
        kvReuse: 'prefix',
        cancelConfirmed: true,
      },
    };
  }

  async health(_signal: AbortSignal): Promise<EngineHealth> {
    return this.#isDown ? { state: 'failed', reason: 'closed' } : { state: 'ready' };
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<readonly EngineEvent[]> {
    await this.waitForSlot(signal);
    if (signal.aborted) return;
    this.takeSlot();
    try {
      this.check(request);
      const cachedTokens = this.#reuse(wordsOf(request.prompt));
      for (const event of answer(request)) {
        await turn();
        if (this.#isDown) throw STOPPED;
        if (signal.aborted) return;
        yield [event.type === 'end' ? { ...event, usage: { ...event.usage, cachedTokens } } : event];
      }
    } finally {
      this.busy--;
    }
  }

  async scrape(_signal: AbortSignal): Promise<EngineGauges> {
    return { running: this.busy, waiting: this.waiting };
  }

  async saveSlot({ name }: SlotState, _signal: AbortSignal): Promise<SlotTokens> {
    this.#saved.set(name, this.#lastWords.length);
    return { tokens: this.#lastWords.length };
  }

  async restoreSlot({ name }: SlotState, _signal: AbortSignal): Promise<SlotTokens> {
    return { tokens: this.#saved.get(name) ?? 0 };
  }

  async embed({ inputs }: EmbedRequest, signal: AbortSignal): Promise<EmbedResult> {
    if (signal.aborted) throw STOPPED;
    return { embeddings: inputs.map((text) => [text.length, hashOf(text) % 97]), promptTokens: inputs.length };
  }

  async rerank({ inputs }: RerankRequest, _signal: AbortSignal): Promise<RerankResult> {
    return { scores: inputs.map((text) => hashOf(text) % 97), promptTokens: inputs.length };
  }

  async countTokens(prompt: EnginePrompt, _signal: AbortSignal): Promise<number> {
    return wordsOf(prompt).length;
  }

  async close(): Promise<void> {
    this.#isDown = true;
  }

  kill(): void {
    this.#isDown = true;
    this.#reportLoss(STOPPED);
  }

  protected async waitForSlot(signal: AbortSignal): Promise<void> {
    this.waiting++;
    while (this.busy >= this.endpoint.slots && !signal.aborted) await turn();
    this.waiting--;
  }

  protected takeSlot(): void {
    if (this.#isDown) throw STOPPED;
    if (this.busy >= this.endpoint.slots) throw new EngineError('unavailable', 'All slots are busy.');
    this.busy++;
  }

  protected check({ prompt, jsonSchema }: GenerateRequest): void {
    const tokens = wordsOf(prompt).length;
    const context = this.endpoint.contextTokens ?? 8_192;
    if (jsonSchema !== undefined) throw new EngineError('invalid-input', 'No schemas.', { reason: 'not_supported' });
    if (tokens < context) return;
    const message = `The prompt has ${tokens} tokens, the context ${context}.`;
    throw new EngineError('invalid-input', message, { reason: 'context_overflow' });
  }

  /** How many words the cache holds already. */
  #reuse(words: readonly string[]): number {
    const different = words.findIndex((word, index) => word !== this.#lastWords[index]);
    this.#lastWords = words;
    return different === -1 ? words.length : different;
  }
}

/** Lets the event loop go round once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Three words end by themselves; a longer prompt never does. Stop strings are looked for in the whole text. */
export function answer({ prompt, seed, sampling, maxTokens }: GenerateRequest): EngineEvent[] {
  const words = wordsOf(prompt);
  const isEndless = words.length > 3;
  const count = isEndless ? maxTokens : Math.min(maxTokens, words.length);
  const start = sampling.temperature === 0 ? 0 : hashOf(String(seed));
  const texts = Array.from({ length: count }, (_, at) => `${words[(start + at * 7) % words.length]} `);
  const { shown, isStopped } = cutAtStop(texts, sampling.stop);
  const isLimited = !isStopped && count === maxTokens;
  return [
    ...shown.map((text) => ({ type: 'token' as const, text })),
    {
      type: 'end',
      finish: isLimited ? 'length' : 'stop',
      engineFinish: isLimited ? 'limit' : 'eos',
      usage: { promptTokens: words.length, completionTokens: count, exact: true },
    },
  ];
}

function cutAtStop(texts: readonly string[], stops: readonly string[]): { shown: string[]; isStopped: boolean } {
  const whole = texts.join('');
  const found = stops.map((stop) => whole.indexOf(stop)).filter((at) => at !== -1);
  let left = Math.min(whole.length, ...found);
  const shown: string[] = [];
  for (const text of texts) {
    if (left > 0) shown.push(text.slice(0, left));
    left -= text.length;
  }
  return { shown, isStopped: found.length > 0 };
}

function wordsOf(prompt: EnginePrompt): string[] {
  const text = prompt.type === 'text' ? prompt.text : prompt.messages.map(({ content }) => content).join(' ');
  return text.split(' ').filter((word) => word !== '');
}

function hashOf(text: string): number {
  return Array.from(text).reduce((hash, character) => (hash * 31 + character.codePointAt(0)!) % 1_000_003, 7);
}
