import { ApiError } from './api-error.js';
import { type Http } from './http.js';

/** When a refused submission is sent again. Only refusals that the server calls retriable ever are. */
export interface RetryOptions {
  /** Tries after the first one. */
  readonly attempts: number;
  /** Called before each wait, to tell a person. */
  readonly onWait?: (error: ApiError, waitMs: number) => void;
}

const DEFAULT_WAIT_MS = 1000;

/** Calls again as the server told, after the time it told. */
export async function withRetry<Result>(
  http: Http,
  options: RetryOptions | undefined,
  signal: AbortSignal | undefined,
  call: () => Promise<Result>,
): Promise<Result> {
  for (let left = options?.attempts ?? 0; ; left--) {
    try {
      return await call();
    } catch (error) {
      if (left <= 0 || !(error instanceof ApiError) || !error.retriable) throw error;
      const waitMs = error.retryAfterMs ?? DEFAULT_WAIT_MS;
      options?.onWait?.(error, waitMs);
      await http.wait(waitMs, signal);
    }
  }
}
