import { type EngineEvent, type Usage } from '@llama-orch/plugin-sdk';
import { badStream, errorBodyOf, type SseField, StopFilter, type StreamReader } from '@llama-orch/plugin-sdk/http';
import { failureOf } from './errors.js';

/** One event of `/generate_stream`, as far as it matters. The last one repeats the whole answer. */
interface WireEvent {
  readonly token?: { readonly text?: unknown; readonly special?: unknown } | null;
  readonly generated_text?: unknown;
  readonly details?: WireDetails | null;
  readonly error?: unknown;
}

interface WireDetails {
  readonly finish_reason?: string;
  readonly generated_tokens?: number;
  readonly input_length?: number;
}

export interface AnswerReaderOptions {
  readonly stops: readonly string[];
  /** Stands for the prompt where the server's count does not come. */
  readonly promptTokensGuess: number;
}

/** From the events of one `/generate_stream` to those of the contract. The event with `generated_text` is the last. */
export class AnswerReader implements StreamReader {
  readonly #stops: StopFilter;
  /** Tokens so far, and those of them that no text was shown for yet. */
  #tokens = 0;
  #unshown = 0;
  #ended = false;
  #leaves = false;

  constructor(private readonly options: AnswerReaderOptions) {
    this.#stops = new StopFilter(options.stops);
  }

  get ended(): boolean {
    return this.#ended;
  }

  get leaves(): boolean {
    return this.#leaves;
  }

  read(payload: string, field: SseField, into: EngineEvent[]): void {
    if (this.#ended) return;
    const event = parse(payload);
    if (field === 'error' || event.error !== undefined) throw failureOf(errorBodyOf(event));
    const text = event.token?.text;
    if (typeof text !== 'string') throw badStream('event without a token');
    this.#tokens += 1;
    if (event.token?.special !== true) this.#take(text, into);
    if (typeof event.generated_text === 'string') this.#end(event.details ?? {}, into);
    else if (this.#stops.isStopped) this.#leave(into);
  }

  /** The server sends the stop string as a part of its answer. */
  #take(text: string, into: EngineEvent[]): void {
    this.#unshown += 1;
    this.#show(this.#stops.pass(text), into);
  }

  #show(text: string, into: EngineEvent[]): void {
    if (text === '') return;
    const tokens = this.#unshown;
    this.#unshown = 0;
    into.push(tokens === 1 ? { type: 'token', text } : { type: 'token', text, tokens });
  }

  #end(details: WireDetails, into: EngineEvent[]): void {
    const { finish_reason: engineFinish = 'none', generated_tokens, input_length } = details;
    const isStopped = this.#stops.isStopped;
    this.#show(this.#stops.rest(), into);
    const usage = {
      promptTokens: input_length ?? this.options.promptTokensGuess,
      completionTokens: generated_tokens ?? this.#tokens,
      exact: input_length !== undefined && generated_tokens !== undefined,
    };
    this.#finish(engineFinish === 'length' && !isStopped ? 'length' : 'stop', engineFinish, usage, into);
  }

  /** A stop string that the server did not see: it looks only at the end of the text after each token. */
  #leave(into: EngineEvent[]): void {
    this.#leaves = true;
    const { promptTokensGuess: promptTokens } = this.options;
    const usage = { promptTokens, completionTokens: this.#tokens, exact: false };
    this.#finish('stop', 'stop_sequence', usage, into);
  }

  #finish(finish: 'stop' | 'length', engineFinish: string, usage: Usage, into: EngineEvent[]): void {
    this.#ended = true;
    into.push({ type: 'end', finish, engineFinish, usage });
  }
}

function parse(payload: string): WireEvent {
  try {
    const event: unknown = JSON.parse(payload);
    if (typeof event === 'object' && event !== null) return event;
  } catch (cause) {
    throw badStream(cause);
  }
  throw badStream('event that is no object');
}
