import { type EndEvent, type EngineEvent, type TokenEvent, type Usage } from '../../contracts/engine.js';
import { EngineError } from '../../contracts/engine-error.js';
import { badStream } from '../engine-failure.js';
import { type StreamReader, truncated } from '../engine-stream.js';
import { errorBodyOf } from '../error-body.js';
import { type SseField } from '../sse-splitter.js';
import { openAiFailure } from './failure.js';

/** One chunk of `/chat/completions` or `/completions`, as far as it matters. */
interface Chunk {
  readonly choices?: unknown;
  readonly usage?: ChunkUsage | null;
  readonly error?: unknown;
  readonly object?: unknown;
}

interface Choice {
  readonly index?: number;
  readonly delta?: Delta | null;
  /** Of the text route. */
  readonly text?: unknown;
  readonly finish_reason?: string | null;
}

interface Delta {
  readonly content?: unknown;
  /** Two names for what a reasoning model thinks. */
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
}

interface ChunkUsage {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number | null } | null;
}

export interface OpenAiReaderOptions {
  /** Stands for the prompt where the server does not count. */
  readonly promptTokensGuess: number;
  /** Called for a word that is not known to end an answer. */
  onUnknownFinish?(engineFinish: string): void;
}

const DONE = '[DONE]';
const STOPS: ReadonlySet<string> = new Set([
  ...['stop', 'stop_sequence', 'eos_token', 'eos', 'tool_calls', 'function_call', 'content_filter'],
]);
/** The engine gave the request up; it is no end of an answer. */
const FAULTS: ReadonlySet<string> = new Set(['error', 'abort']);

/**
 * From the chunks of an OpenAI-style server to the events of the contract. The chunk with a finish reason makes an answer
 * complete; `[DONE]` alone does not. The end is told when the usage behind it has come, or can come no more.
 */
export class OpenAiReader implements StreamReader {
  #ended = false;
  #finish: string | undefined;
  #usage: ChunkUsage | undefined;
  /** Tokens by the engine's own count where it tells one in each chunk, else one per chunk with text. */
  #tokens = 0;

  constructor(private readonly options: OpenAiReaderOptions) {}

  get ended(): boolean {
    return this.#ended;
  }

  read(payload: string, field: SseField, into: EngineEvent[]): void {
    if (this.#ended) return;
    if (payload === DONE) return this.#done(into);
    const chunk = parse(payload);
    if (field === 'error' || hasFailed(chunk)) throw openAiFailure(errorBodyOf(chunk));
    if (!Array.isArray(chunk.choices)) throw badStream('chunk without choices');
    if (chunk.usage !== undefined && chunk.usage !== null) this.#usage = chunk.usage;
    const choice = chunk.choices[0] as Choice | undefined;
    if (choice !== undefined) this.#choice(choice, into);
    else if (this.#finish !== undefined && chunk.usage) this.#end(into);
  }

  close(into: EngineEvent[]): void {
    if (this.#finish !== undefined && !this.#ended) this.#end(into);
  }

  #choice(choice: Choice, into: EngineEvent[]): void {
    if (choice.index !== undefined && choice.index !== 0) return;
    const { delta } = choice;
    const text = delta?.content ?? choice.text;
    const thought = delta?.reasoning_content ?? delta?.reasoning;
    if (typeof thought === 'string' && thought !== '') into.push({ ...this.#token(thought), reasoning: true });
    if (typeof text === 'string' && text !== '') into.push(this.#token(text));
    if (typeof choice.finish_reason === 'string') this.#take(choice.finish_reason);
  }

  #token(text: string): TokenEvent {
    const counted = this.#usage?.completion_tokens ?? this.#tokens + 1;
    const tokens = Math.max(counted - this.#tokens, 1);
    this.#tokens += tokens;
    return tokens === 1 ? { type: 'token', text } : { type: 'token', text, tokens };
  }

  #take(finish: string): void {
    if (FAULTS.has(finish)) {
      throw new EngineError('reset', 'The engine gave up the request in the middle of its answer.', {
        reason: 'engine_fault',
      });
    }
    if (finish !== 'length' && !STOPS.has(finish)) this.options.onUnknownFinish?.(finish);
    this.#finish = finish;
  }

  #done(into: EngineEvent[]): void {
    if (this.#finish === undefined) throw truncated();
    this.#end(into);
  }

  #end(into: EngineEvent[]): void {
    const engineFinish = this.#finish ?? '';
    const finish = engineFinish === 'length' ? 'length' : 'stop';
    const end: EndEvent = { type: 'end', finish, engineFinish, usage: this.#told() };
    this.#ended = true;
    into.push(end);
  }

  #told(): Usage {
    const { prompt_tokens, completion_tokens, prompt_tokens_details } = this.#usage ?? {};
    const cachedTokens = prompt_tokens_details?.cached_tokens;
    return {
      promptTokens: prompt_tokens ?? this.options.promptTokensGuess,
      ...(typeof cachedTokens === 'number' ? { cachedTokens } : {}),
      completionTokens: completion_tokens ?? this.#tokens,
      exact: prompt_tokens !== undefined && completion_tokens !== undefined,
    };
  }
}

/** Nested under `error`, or flat as older servers write it. */
function hasFailed({ error, object }: Chunk): boolean {
  return (error !== undefined && error !== null) || object === 'error';
}

function parse(payload: string): Chunk {
  let chunk: unknown;
  try {
    chunk = JSON.parse(payload);
  } catch (cause) {
    throw badStream(cause);
  }
  if (typeof chunk === 'object' && chunk !== null) return chunk;
  throw badStream('chunk that is no object');
}
