import {
  EngineError,
  isEngineError,
  z,
  type EndEvent,
  type EngineConnection,
  type EngineDescription,
  type EngineEndpoint,
  type EngineEvent,
  type EngineGauges,
  type EngineHealth,
  type GenerateRequest,
  type PluginContext,
  type Sampling,
} from '../../src/index.js';
import {
  badStream,
  errorBodyOf,
  EventChannel,
  failureError,
  HttpFailure,
  readErrorBody,
  refusalError,
  SseSplitter,
  Upstream,
  type HttpHandlers,
  type HttpReply,
  type HttpStream,
  type SseField,
} from '../../src/http/index.js';

export const soundOptions = z.strictObject({
  key_env: z.string().optional(),
  first_byte_ms: z.int().default(5_000),
  idle_ms: z.int().default(5_000),
});
export type SoundOptions = z.output<typeof soundOptions>;

const PARAMS = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'presence_penalty',
  'frequency_penalty',
  'repeat_penalty',
  'stop',
] as const;
const PROBE_MS = 1_000;

export interface SoundFacts {
  readonly model: string;
  readonly slots: number;
  readonly contextTokens: number;
  readonly totalTokens: number;
  readonly sleeping?: boolean;
}

/** One event of the answer. */
export interface SoundWireEvent {
  readonly t?: string;
  readonly all?: string;
  readonly special?: string;
  readonly echo?: string;
  readonly end?: string;
  readonly usage?: { readonly prompt: number; readonly answer: number; readonly cached?: number };
  readonly ms?: number;
  readonly error?: unknown;
}

/** A small keeper of the engine contract for an engine behind HTTP; each method is a place where others go wrong. */
export class SoundWire implements EngineConnection {
  readonly upstream: Upstream;
  protected readonly running = new Set<SoundAnswer>();

  constructor(
    readonly endpoint: EngineEndpoint,
    readonly options: SoundOptions,
    readonly context: PluginContext,
  ) {
    this.upstream = new Upstream({ url: endpoint.url!, headers: this.headers() });
  }

  /** @throws EngineError when nothing answers in time */
  async reach(): Promise<void> {
    await this.get('/health');
  }

  async describe(_signal: AbortSignal): Promise<EngineDescription> {
    const { model, slots, contextTokens } = await this.facts();
    return {
      engineVersion: 'sound-wire-1',
      modelDigest: `sound:${model}`,
      slots: Math.min(slots, this.endpoint.slots),
      contextTokens,
      workloads: ['completion'],
      determinism: 'exact',
      seedBits: 32,
      features: { params: PARAMS, chat: false },
    };
  }

  async health(_signal: AbortSignal): Promise<EngineHealth> {
    try {
      const { status, text } = await this.get('/health');
      if (status === 200)
        return (await this.facts()).sleeping ? { state: 'ready', reason: 'sleeping' } : { state: 'ready' };
      return text.includes('loading') ? { state: 'loading' } : { state: 'failed', reason: 'unhealthy' };
    } catch (error) {
      return { state: 'failed', reason: isEngineError(error) ? (error.reason ?? 'failed') : 'failed' };
    }
  }

  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<readonly EngineEvent[]> {
    const answer = this.answer(request, signal);
    this.running.add(answer);
    answer.start();
    return answer.events;
  }

  async scrape(_signal: AbortSignal): Promise<EngineGauges> {
    const { status, text } = await this.get('/metrics');
    return status === 200 ? this.readGauges(text) : {};
  }

  async close(): Promise<void> {
    for (const answer of this.running) answer.close();
    await this.upstream.close();
  }

  /** Where a request goes. */
  upstreamOf(_request: GenerateRequest): Upstream {
    return this.upstream;
  }

  over(answer: SoundAnswer): void {
    this.running.delete(answer);
  }

  body({ prompt, maxTokens, seed, sampling, jsonSchema }: GenerateRequest): object {
    if (jsonSchema !== undefined) throw new EngineError('invalid-input', 'No schemas.', { reason: 'not_supported' });
    const text = prompt.type === 'text' ? prompt.text : prompt.messages.map(({ content }) => content).join('\n');
    return { text, limit: maxTokens, seed, ...this.sampling(sampling) };
  }

  protected sampling({ stop, ...values }: Sampling): object {
    const { temperature, topP, topK, minP, presencePenalty, frequencyPenalty, repeatPenalty } = values;
    return { temperature, topP, topK, minP, presencePenalty, frequencyPenalty, repeatPenalty, stop };
  }

  protected answer(request: GenerateRequest, signal: AbortSignal): SoundAnswer {
    return new SoundAnswer(this, request, signal);
  }

  protected headers(): Readonly<Record<string, string>> {
    const key = this.options.key_env === undefined ? undefined : process.env[this.options.key_env];
    return key === undefined ? {} : { authorization: `Bearer ${key}` };
  }

  protected async facts(): Promise<SoundFacts> {
    return JSON.parse((await this.get('/facts')).text) as SoundFacts;
  }

  protected readGauges(text: string): EngineGauges {
    const running = sumOf(text, /^(?:sound_running|sound_active)(?:\{[^}]*\})? (\S+)$/gm);
    const kvShare = sumOf(text, /^sound_kv (\S+)$/gm);
    return { ...(running !== undefined && { running }), ...(kvShare !== undefined && { kvShare }) };
  }

  protected async get(path: string, timeoutMs = PROBE_MS): Promise<HttpReply> {
    try {
      return await this.upstream.getJson(path, { timeoutMs });
    } catch (error) {
      throw error instanceof HttpFailure ? failureError(error) : error;
    }
  }
}

/** One answer, from the request to its end. */
export class SoundAnswer implements HttpHandlers {
  readonly events: EventChannel<EngineEvent>;
  protected batch: EngineEvent[] = [];
  protected stream: HttpStream | undefined;
  protected shown = '';
  protected tokens = 0;
  protected isOver = false;
  readonly #splitter = new SseSplitter((payload, field, name) => this.onEvent(payload, field, name));

  constructor(
    protected readonly wire: SoundWire,
    protected readonly request: GenerateRequest,
    protected readonly signal: AbortSignal,
  ) {
    this.events = new EventChannel({
      pause: () => this.pause(),
      resume: () => this.stream?.resume(),
      cancel: () => this.leave(),
    });
  }

  start(): void {
    if (this.signal.aborted) return this.events.end();
    this.signal.addEventListener('abort', () => this.onAbort(), { once: true });
    const { first_byte_ms: headTimeoutMs, idle_ms: idleTimeoutMs } = this.wire.options;
    try {
      const body = JSON.stringify(this.wire.body(this.request));
      this.stream = this.wire
        .upstreamOf(this.request)
        .postStream('/answer', body, { headTimeoutMs, idleTimeoutMs }, this);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  onData(chunk: Buffer): void {
    const batch: EngineEvent[] = [];
    this.batch = batch;
    try {
      this.split(chunk);
    } catch (error) {
      this.events.push(batch, chunk.length);
      return this.fail(isEngineError(error) ? error : badStream(error));
    }
    this.events.push(batch, chunk.length);
    if (batch.at(-1)?.type === 'end') this.finish();
  }

  onEnd(): void {
    this.fail(new EngineError('reset', 'The answer has no end.', { reason: 'stream_truncated' }));
  }

  onReply(reply: HttpReply): void {
    const body = readErrorBody(reply.text);
    if (reply.status === 200) return this.fail(new EngineError('internal', 'No answer came.', { reason: 'no_stream' }));
    const { asked, most } = body.members;
    if (most === undefined) return this.fail(refusalError(reply, body));
    const message = `The prompt has ${Number(asked)} tokens, the context ${Number(most)}.`;
    this.fail(new EngineError('invalid-input', message, { reason: 'context_overflow' }));
  }

  onFailure(failure: HttpFailure): void {
    this.fail(failureError(failure));
  }

  close(): void {
    this.fail(new EngineError('unavailable', 'The connection was closed.', { reason: 'closed' }));
  }

  protected split(chunk: Buffer): void {
    this.#splitter.push(chunk);
  }

  protected onEvent(payload: string, field: SseField, name: string | undefined): void {
    if ((name !== undefined && name !== 'message') || payload === '[DONE]') return;
    if (this.isOver || this.batch.at(-1)?.type === 'end') return;
    const event = this.parse(payload);
    if (field === 'error' || event.error !== undefined) throw this.failureOf(event);
    this.read(event);
  }

  protected parse(payload: string): SoundWireEvent {
    return JSON.parse(payload) as SoundWireEvent;
  }

  protected failureOf(event: SoundWireEvent): EngineError {
    const { message } = errorBodyOf(event);
    return new EngineError('internal', 'The engine reported a failure.', { reason: 'engine', cause: message });
  }

  protected read({ t, all, end, usage, ms }: SoundWireEvent): void {
    const text = all?.startsWith(this.shown) ? all.slice(this.shown.length) : t;
    if (text) this.token(text);
    if (end !== undefined) this.batch.push(this.endOf(end, usage, ms));
  }

  protected token(text: string): void {
    this.shown += text;
    this.tokens++;
    this.batch.push({ type: 'token', text });
  }

  protected endOf(engineFinish: string, usage: SoundWireEvent['usage'], ms: number | undefined): EndEvent {
    const counts =
      usage === undefined
        ? { promptTokens: 0, completionTokens: this.tokens, exact: false }
        : { promptTokens: usage.prompt, completionTokens: usage.answer, exact: true };
    const cached = usage?.cached === undefined ? {} : { cachedTokens: usage.cached };
    return {
      type: 'end',
      finish: engineFinish === 'limit' ? 'length' : 'stop',
      engineFinish,
      usage: { ...counts, ...cached },
      ...(ms === undefined ? {} : { timings: { decodeMs: ms } }),
    };
  }

  protected pause(): void {
    this.stream?.pause();
  }

  protected onAbort(): void {
    this.events.drop();
    if (this.isOver) return;
    this.leave();
    this.events.end();
  }

  protected leave(): void {
    this.settle();
    this.stream?.abort();
  }

  protected finish(): void {
    this.settle();
    this.events.end();
  }

  protected fail(error: Error): void {
    if (this.isOver) return;
    this.settle();
    this.stream?.abort();
    this.events.fail(error);
  }

  protected settle(): void {
    this.isOver = true;
    this.wire.over(this);
  }
}

/** The sum of a family over all its series; undefined when none is a number. */
function sumOf(text: string, series: RegExp): number | undefined {
  const values = [...text.matchAll(series)].map(([, value]) => Number(value)).filter(Number.isFinite);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}
