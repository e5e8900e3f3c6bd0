/** What an engine's own metrics tell right now. A value that the engine does not tell is absent, never guessed. */
export interface EngineGauges {
  /** Requests that are being decoded. */
  readonly running?: number;
  /** Requests in the engine's own queue. */
  readonly waiting?: number;
  /** Share of the KV cache in use, 0 to 1. */
  readonly kvShare?: number;
  /** Prompt tokens read since the engine started. */
  readonly promptTokens?: number;
  /** Tokens decoded since the engine started. */
  readonly generatedTokens?: number;
}

/** A KV cache that is kept outside its slot. */
export interface SlotState {
  /** Index of a free slot. */
  readonly slot: number;
  /** Lower case letters, digits and hyphens, at most 64; made by the host, never by a caller. */
  readonly name: string;
}

export interface SlotTokens {
  /** Tokens that were kept or brought back. */
  readonly tokens: number;
}

/** Times as the engine measured them, in milliseconds. */
export interface EngineTimings {
  readonly queueMs?: number;
  readonly promptMs?: number;
  readonly decodeMs?: number;
}
