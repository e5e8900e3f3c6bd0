import type { EngineError } from './engine-error.js';
import type { EngineGauges, EngineTimings, SlotState, SlotTokens } from './engine-optional.js';
import type { EngineProgram } from './engine-program.js';
import type { Plugin, PluginDefinition } from './plugin.js';

/** What a task asks of an engine. */
export type Workload = 'completion' | 'embedding' | 'rerank';

/** `exact`: equal requests give equal bytes, whatever else the engine does. */
export type DeterminismGrade = 'exact' | 'best_effort';

/** Makes connections to one kind of engine. */
export interface EngineAdapter {
  /**
   * Binds the adapter to one replica: starts the engine or opens the way to it. Loading may go on afterwards; `health` tells.
   * @throws EngineError when the engine cannot be reached or started
   */
  connect(endpoint: EngineEndpoint): Promise<EngineConnection>;
  /** How the host starts the engine itself. Default: the engine runs elsewhere, or the adapter starts it. */
  readonly program?: EngineProgram;
}

/** One replica as the operator configured it. */
export interface EngineEndpoint {
  readonly poolId: string;
  readonly replicaId: string;
  /** Base URL of an engine that runs elsewhere; absent when the adapter starts it. */
  readonly url?: string;
  readonly model: EngineModel;
  /** Sequences to decode at once. */
  readonly slots: number;
  /** Context of one request in tokens; absent: the model's own limit, at most 8192. */
  readonly contextTokens?: number;
  /** Milliseconds that loading may take. */
  readonly loadTimeoutMs: number;
  /** Ids of the GPUs that the replica may use, as for `CUDA_VISIBLE_DEVICES`. Absent: none, or not ours to choose. */
  readonly devices?: readonly string[];
  /** Share of the weights on each of `devices`; absent: not split. */
  readonly tensorSplit?: readonly number[];
}

export interface EngineModel {
  /** The model ref of the pool, as written by the operator. */
  readonly ref: string;
  readonly id: string;
  /** Absolute path of local weights. */
  readonly path?: string;
}

/** An adapter bound to one replica. */
export interface EngineConnection {
  /** Facts of the loaded engine; called when `health` said `ready`. */
  describe(signal: AbortSignal): Promise<EngineDescription>;
  health(signal: AbortSignal): Promise<EngineHealth>;
  /**
   * Decodes one task. Yields batches, each holding everything that one read brought; the last event of all is one `end`.
   * Yields nothing once the signal is aborted, and returns only when the slot is free again.
   * @throws EngineError when the engine fails; nothing is yielded afterwards
   */
  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<readonly EngineEvent[]>;
  /** Vectors of `inputs`, in their order. Default: the workload `embedding` is not offered. */
  embed?(request: EmbedRequest, signal: AbortSignal): Promise<EmbedResult>;
  /** Scores of `inputs` against the query, in their order. Default: the workload `rerank` is not offered. */
  rerank?(request: RerankRequest, signal: AbortSignal): Promise<RerankResult>;
  /** Prompt length in tokens, as the engine would see it. Default: the host estimates from the bytes. */
  countTokens?(prompt: EnginePrompt, signal: AbortSignal): Promise<number>;
  /**
   * The engine's own metrics, whatever names its release gives them; resolves to `{}` where the engine has none.
   * Default: the host knows only its own counts.
   */
  scrape?(signal: AbortSignal): Promise<EngineGauges>;
  /** Keeps the KV cache of a free slot under a name. Default: a cache dies with its slot. */
  saveSlot?(state: SlotState, signal: AbortSignal): Promise<SlotTokens>;
  /** Brings back what `saveSlot` kept. Offered with it. */
  restoreSlot?(state: SlotState, signal: AbortSignal): Promise<SlotTokens>;
  /** Settles when the engine is gone for good. Default: the host finds out by `health`. */
  readonly lost?: Promise<EngineError>;
  /** Ends running work and frees every resource. Calling twice is harmless. */
  close(): Promise<void>;
}

export interface EngineHealth {
  readonly state: 'ready' | 'loading' | 'failed';
  /** Why, for people; holds no secret and no path of the host. */
  readonly reason?: string;
  /** With `failed`: what went wrong, as a call would throw it. Its reason decides whether a restart can mend it. */
  readonly error?: EngineError;
}

export interface EngineDescription {
  readonly engineVersion: string;
  /** `sha256:<64 hex>` of the weights, or the best identity that the engine offers. */
  readonly modelDigest?: string;
  readonly quant?: string;
  readonly slots: number;
  /** Context of one request in tokens. */
  readonly contextTokens: number;
  readonly workloads: readonly Workload[];
  readonly determinism: DeterminismGrade;
  /** Width of the seed that the engine uses, 1 to 53. The host reduces every seed to it. */
  readonly seedBits: number;
  readonly features: EngineFeatures;
}

/** Optional abilities. Absent means: not offered, and the host refuses tasks that ask for it. */
export interface EngineFeatures {
  /** Sampling parameters the engine honours; `temperature`, `top_p`, `top_k` are expected of every engine. */
  readonly params: readonly SamplingParam[];
  readonly chat: boolean;
  readonly jsonSchema?: boolean;
  readonly tools?: boolean;
  readonly fim?: boolean;
  /** The engine can suspend a running decode at a token boundary. */
  readonly interruptibleDecode?: boolean;
  /** A cancel takes effect while the prompt is still being read. */
  readonly promptAbort?: boolean;
  /** Whether control tokens in the text of callers stay text. Default `obeyed`: nothing is promised. */
  readonly controlTokens?: 'separated' | 'obeyed';
  /** What of an earlier prompt is read from the KV cache. Default `none`. */
  readonly kvReuse?: 'prefix' | 'slot' | 'session' | 'none';
  /** How a running decode is ended. Default `disconnect`; `none`: it goes on, and only its tokens are dropped. */
  readonly cancel?: 'disconnect' | 'id' | 'none';
  /** After a cancel the adapter sees in the engine's own count that the slot is free. Default: it trusts the cancel. */
  readonly cancelConfirmed?: boolean;
  /** When the engine tells its counts. Default `end`; `none`: all usage is the adapter's own count. */
  readonly usage?: 'stream' | 'end' | 'none';
  /** The engine can sleep and wakes up by itself; `health` then says ready with the reason `sleeping`. */
  readonly sleep?: boolean;
}

export type SamplingParam =
  'temperature' | 'top_p' | 'top_k' | 'min_p' | 'presence_penalty' | 'frequency_penalty' | 'repeat_penalty' | 'stop';

export type EnginePrompt =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'chat'; readonly messages: readonly ChatMessage[] };

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
}

/** Every value is named, so that no engine default decides. */
export interface Sampling {
  readonly temperature: number;
  readonly topP: number;
  /** 0 = off. */
  readonly topK: number;
  readonly minP: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly repeatPenalty: number;
  readonly stop: readonly string[];
}

/** The likeliest token each time, everything else neutral. */
export const GREEDY: Sampling = {
  temperature: 0,
  topP: 1,
  topK: 0,
  minP: 0,
  presencePenalty: 0,
  frequencyPenalty: 0,
  repeatPenalty: 1,
  stop: [],
};

export interface GenerateRequest {
  readonly taskId: string;
  readonly prompt: EnginePrompt;
  readonly sampling: Sampling;
  /** Non-negative, already reduced to the engine's `seedBits`. */
  readonly seed: number;
  /** At least 1. */
  readonly maxTokens: number;
  /** JSON Schema that the answer must satisfy; sent only to engines with the feature `jsonSchema`. */
  readonly jsonSchema?: unknown;
}

export interface EmbedRequest {
  readonly taskId: string;
  readonly inputs: readonly string[];
}
export interface EmbedResult {
  readonly embeddings: readonly (readonly number[])[];
  readonly promptTokens: number;
}
export interface RerankRequest extends EmbedRequest {
  readonly query: string;
}
export interface RerankResult {
  readonly scores: readonly number[];
  readonly promptTokens: number;
}

export type EngineEvent = TokenEvent | EndEvent;

/** Whole UTF-8, without prompt echo, special tokens or stop string; never empty. */
export interface TokenEvent {
  readonly type: 'token';
  readonly text: string;
  /** Tokens that `text` stands for; 1 if absent. */
  readonly tokens?: number;
  readonly logprob?: number;
  readonly reasoning?: boolean;
}

export interface EndEvent {
  readonly type: 'end';
  readonly finish: 'stop' | 'length';
  /** The engine's own word for it. */
  readonly engineFinish: string;
  readonly usage: Usage;
  /** Default: the host has only the times that it measured itself. */
  readonly timings?: EngineTimings;
}

/** Tokens counted by the engine; `exact: false` marks counts made by the adapter. */
export interface Usage {
  readonly promptTokens: number;
  readonly cachedTokens?: number;
  readonly completionTokens: number;
  readonly exact: boolean;
}

export type EngineAdapterPlugin<Options = unknown> = Plugin<'engine-adapter', Options, EngineAdapter>;

/** Declares an engine adapter: the default export of its package. */
export function defineEngineAdapter<Options>(
  definition: PluginDefinition<Options, EngineAdapter>,
): EngineAdapterPlugin<Options> {
  return { ...definition, kind: 'engine-adapter' };
}
