import { type ErrorCode, type Problem, type Task } from './types.js';

const MAX_QUOTED_BODY = 200;

/** A refusal by the API. The message is the server's own: what happened, to what, and what to do next. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** Codes may be added by newer servers; treat an unknown one by its `status`. */
  readonly code: ErrorCode;
  /** Whether sending the same again can help. */
  readonly retriable: boolean;
  /** How long to wait before the next try, in milliseconds; undefined when the server did not say. */
  readonly retryAfterMs: number | undefined;
  readonly correlationId: string | undefined;

  constructor(
    /** The whole body, with members such as `errors` and `snapshot`. */
    readonly problem: Problem,
    retryAfterMs: number | undefined = problem.retry_after_ms,
  ) {
    super(problem.message);
    this.status = problem.status;
    this.code = problem.code;
    this.retriable = problem.retriable;
    this.retryAfterMs = retryAfterMs;
    this.correlationId = problem.correlation_id;
  }
}

/** The server could not be reached, or answered something that is not this API. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  /** HTTP status of the foreign answer; undefined when there was none. */
  readonly status: number | undefined;

  constructor(message: string, details: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: details.cause });
    this.status = details.status;
  }
}

/** A task that ended with an `error` frame, for callers that want an exception. */
export class TaskFailedError extends Error {
  override readonly name = 'TaskFailedError';
  readonly code: ErrorCode;
  readonly retriable: boolean;

  constructor(readonly failure: NonNullable<Task['error']>) {
    super(failure.message);
    this.code = failure.code;
    this.retriable = failure.retriable ?? false;
  }
}

/**
 * A restart of the server took a part of an answer, and what came in its place does not go on from what the caller was told:
 * the two are no one answer.
 */
export class AnswerChangedError extends Error {
  override readonly name = 'AnswerChangedError';
}

/** Reads a refusal. A body that is no problem document, such as one from a proxy, becomes an {@link UnreachableError}. */
export async function refusalOf(response: Response): Promise<ApiError | UnreachableError> {
  const text = await response.text();
  const problem = parseProblem(text);
  if (problem === undefined) {
    return new UnreachableError(
      `${response.url} answered ${response.status} without a problem document: ${text.slice(0, MAX_QUOTED_BODY)}`,
      { status: response.status },
    );
  }
  return new ApiError(problem, problem.retry_after_ms ?? retryAfterHeader(response));
}

function parseProblem(text: string): Problem | undefined {
  try {
    const body = JSON.parse(text) as Partial<Problem> | null;
    return typeof body?.code === 'string' && typeof body.message === 'string' ? (body as Problem) : undefined;
  } catch {
    return undefined;
  }
}

function retryAfterHeader(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
