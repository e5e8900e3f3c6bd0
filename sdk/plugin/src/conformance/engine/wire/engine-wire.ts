import { type EngineEndpoint, type EnginePrompt } from '../../../contracts/engine.js';
import { type EngineGauges } from '../../../contracts/engine-optional.js';
import { type Recording } from './recordings.js';

type Options = Readonly<Record<string, unknown>>;

/** What an engine of one kind sends, so that the kit can play it. Frames are whole strings as sent, with `\n`. */
export interface EngineWire {
  /** Route that `generate` calls for `prompt`, such as `POST /completion`; with the base path. */
  readonly route: string;
  /** Stands behind the origin in the endpoint's url. Default: nothing. */
  readonly basePath?: string;
  /** How frames are told apart. Default `sse`. */
  readonly framing?: 'sse' | 'ndjson';
  /** What is asked for. Default: the text `hello`. */
  readonly prompt?: EnginePrompt;
  /** What differs from a plain endpoint with four slots; the kit sets the url. */
  readonly endpoint?: Partial<EngineEndpoint>;
  /** Options for the checks on the wire, over those of the fixture. */
  readonly options?: Options;
  /** Context of one request as `reply` tells it, in tokens. */
  readonly contextTokens: number;
  /** Answers every other route as a ready and idle engine does; undefined = 404. */
  reply(request: WireRequest): WireReply | undefined;

  /** One token of an answer. */
  token(text: string, about: WireToken): string;
  /** What carries the terminal marker. Empty: the orderly end of the connection is the only marker. */
  end(about: WireEnd): readonly string[];
  /** Follows the end and also an error, so that it means nothing by itself, such as `data: [DONE]\n\n`. Default: nothing. */
  readonly trailer?: string;
  /** An error in mid-stream, in the engine's own shape. */
  error(message: string): string;
  /** Each word for an end and what it must become; good answers use the first. Empty: the engine tells none. */
  readonly finishes: Readonly<Record<string, 'stop' | 'length'>>;
  /** Whether the engine counts tokens. Default `told`. */
  readonly usage?: 'told' | 'none';
  /** Whether usage tells cached prompt tokens. Default: no. */
  readonly tellsCached?: boolean;

  /** Frames that are no tokens: a role, an empty delta, progress. Default: a token with empty text. */
  readonly silent?: readonly string[];
  /** A special token as the engine marks it. Default: it sends none. */
  special?(text: string): string;
  /** A first frame that repeats the prompt. Default: it does not. */
  echo?(promptText: string): string;
  /** A frame with the whole answer so far. Default: it sends deltas only. */
  cumulative?(whole: string, at: number): string;
  /** An error as older releases send it. Default: there is no older form. */
  oldError?(message: string): string;
  /** A refusal of a prompt that is too long. Default: the engine never refuses for that. */
  tooLong?(promptTokens: number, contextTokens: number): WireReply;
  /** A refusal because the model is not there. Default: 404 with a nested body. */
  readonly modelMissing?: WireReply;
  readonly states?: WireStates;
  /** Options that set the limits for the first byte and for silence to about 250 ms. Default: it has no such options. */
  readonly limits?: Options;
  /** Options that take the key from this environment variable. Default: the engine takes no key. */
  key?(variable: string): Options;
  readonly metrics?: WireMetrics;
  /** Recorded exchanges of a real engine. Default: there are none. */
  readonly recordings?: readonly Recording[];
}

type StateReply = (request: WireRequest) => WireReply | undefined;

/** How all routes answer in a state; undefined falls back to `reply`. */
export interface WireStates {
  /** Default: the engine does not answer while it loads. */
  readonly loading?: StateReply;
  /** Default: the engine does not sleep. */
  readonly sleeping?: StateReply;
  /** Default: 503 without a body. */
  readonly dead?: StateReply;
  /** Another model behind the same url. Default: the engine tells no identity. */
  readonly otherModel?: StateReply;
}

export interface WireMetrics {
  /** Such as `GET /metrics`. */
  readonly route: string;
  /** Options that point the adapter at the metrics, where they have an address of their own. */
  url?(origin: string): Options;
  readonly samples: readonly WireSample[];
}

export interface WireSample {
  /** Such as `names of older releases`. */
  readonly name: string;
  /** What the route answers. */
  readonly text: string;
  /** What `scrape` must make of it. */
  readonly gauges: EngineGauges;
}

export interface WireRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed JSON; undefined when there is none. */
  readonly body: unknown;
}

export interface WireReply {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body: string | object;
}

export interface WireToken {
  /** 0, 1, 2 … */
  readonly at: number;
  /** The answer up to this token. */
  readonly before: string;
}

export interface WireEnd {
  /** A key of `finishes`, or a word that the adapter has never seen. */
  readonly finish: string;
  /** The whole answer. */
  readonly text: string;
  readonly tokens: number;
  /** Absent: the engine leaves its counts out. */
  readonly usage?: WireUsage;
}

export interface WireUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens?: number;
}
