import { type EndEvent, type EngineEvent, type EngineTimings } from '@llama-orch/plugin-sdk';
import { badStream, errorBodyOf, type SseField, type StreamReader } from '@llama-orch/plugin-sdk/http';
import { failureEvent } from './errors.js';

/** One event of `/completion`, as far as it matters. The last one also repeats prompt and settings: never log it. */
interface WireEvent {
  readonly content?: unknown;
  readonly stop?: unknown;
  readonly error?: unknown;
  readonly tokens_predicted?: number;
  readonly tokens_evaluated?: number;
  readonly stop_type?: string;
  /** Servers before `stop_type` said it with three flags. */
  readonly stopped_eos?: boolean;
  readonly stopped_word?: boolean;
  readonly stopped_limit?: boolean;
  readonly timings?: WireTimings;
}

interface WireTimings {
  readonly cache_n?: number;
  readonly prompt_ms?: unknown;
  readonly predicted_ms?: unknown;
}

const KNOWN_FINISHES: ReadonlySet<string> = new Set(['eos', 'limit', 'word', 'none']);

/** From the events of one `/completion` to those of the contract. */
export class CompletionReader implements StreamReader {
  #predicted = 0;
  #ended = false;

  /** @param onUnknownFinish told of an end in a word that no known release has */
  constructor(private readonly onUnknownFinish: (finish: string) => void = () => undefined) {}

  /** The event that closes a good stream has been read. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Appends what one event of the stream means; many mean nothing.
   * @throws EngineError for a failure that the engine reports, or an event that cannot be read
   */
  read(payload: string, field: SseField, into: EngineEvent[]): void {
    if (this.#ended) return;
    const event = parse(payload);
    if (field === 'error' || event.error !== undefined) throw failureEvent(errorBodyOf(event));
    if (typeof event.content !== 'string') throw badStream('event without content');
    if (event.content !== '') into.push(this.#token(event, event.content));
    if (event.stop === true) into.push(this.#end(event));
  }

  /** Counts by `tokens_predicted`: `tokens` misses parts of characters that are made of several tokens. */
  #token(event: WireEvent, text: string): EngineEvent {
    const predicted = event.tokens_predicted ?? this.#predicted + 1;
    const tokens = predicted - this.#predicted;
    this.#predicted = predicted;
    return tokens === 1 ? { type: 'token', text } : { type: 'token', text, tokens };
  }

  #end(event: WireEvent): EndEvent {
    this.#ended = true;
    const engineFinish = finishOf(event);
    if (!KNOWN_FINISHES.has(engineFinish)) this.onUnknownFinish(engineFinish);
    const { tokens_evaluated, tokens_predicted, timings } = event;
    const told = timesOf(timings);
    return {
      type: 'end',
      finish: engineFinish === 'limit' ? 'length' : 'stop',
      engineFinish,
      usage: {
        promptTokens: tokens_evaluated ?? 0,
        ...(timings?.cache_n === undefined ? {} : { cachedTokens: timings.cache_n }),
        completionTokens: tokens_predicted ?? this.#predicted,
        exact: tokens_evaluated !== undefined && tokens_predicted !== undefined,
      },
      ...(told === undefined ? {} : { timings: told }),
    };
  }
}

/** The server does not tell how long a request waited for its slot. */
function timesOf({ prompt_ms, predicted_ms }: WireTimings = {}): EngineTimings | undefined {
  const times = {
    ...(isTime(prompt_ms) ? { promptMs: prompt_ms } : {}),
    ...(isTime(predicted_ms) ? { decodeMs: predicted_ms } : {}),
  };
  return Object.keys(times).length === 0 ? undefined : times;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

function finishOf(event: WireEvent): string {
  if (event.stop_type !== undefined) return event.stop_type;
  if (event.stopped_limit === true) return 'limit';
  if (event.stopped_word === true) return 'word';
  return event.stopped_eos === true ? 'eos' : 'none';
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
