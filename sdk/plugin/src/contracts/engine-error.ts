/** The closed list of engine failures; the host maps each to one code of its error table. */
export type EngineErrorCode =
  'deadline-unmet' | 'unavailable' | 'timeout' | 'reset' | 'invalid-input' | 'out-of-memory' | 'adapter' | 'internal';

export interface EngineErrorDetails {
  /** A word for logs and metrics, such as `context_overflow` or `stream_truncated`. */
  readonly reason?: string;
  readonly retryAfterMs?: number;
  /** Which memory ran out, with `out-of-memory`. */
  readonly memory?: 'vram' | 'host';
  readonly cause?: unknown;
}

const NAME = 'EngineError';

/** The only error an adapter throws. The message reaches the caller: no prompt, no secret, no path of the host. */
export class EngineError extends Error {
  override readonly name = NAME;
  readonly reason: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly memory: 'vram' | 'host' | undefined;

  constructor(
    readonly code: EngineErrorCode,
    message: string,
    details: EngineErrorDetails = {},
  ) {
    super(message, { cause: details.cause });
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
    this.memory = details.memory;
  }
}

/** Recognises an engine error also when it was made by another copy of this package. */
export function isEngineError(error: unknown): error is EngineError {
  return error instanceof Error && error.name === NAME && 'code' in error;
}
