/** One row of the error table. `status` is the HTTP status, `retriable` the default that one error may narrow. */
export interface ErrorRow {
  readonly status: number;
  readonly retriable: boolean;
  readonly title: string;
  readonly help: string;
}

/** The one table of codes: problem bodies, stream frames, OpenAPI and the `/problems` pages are fed from it. */
export const ERRORS = {
  INVALID_PARAMS: row(400, false, 'Invalid parameters', 'Correct the members that `errors` points to and send again.'),
  DEADLINE_UNMET: row(
    400,
    false,
    'Deadline cannot be met',
    'Give the task more time, or send it when the queue is shorter; `predicted` holds the estimate.',
  ),
  UNTRUSTED_ARTIFACT: row(400, false, 'Untrusted artifact', 'Supply weights whose digest or signature verifies.'),
  MODEL_DEPRECATED: row(403, false, 'Model retired', 'Use a model in state Active.'),
  ADMISSION_REJECT: row(429, true, 'Queue full', 'Wait for `retry_after_ms`, then send again.'),
  QUEUE_FULL_DROP_LRU: row(429, true, 'Evicted from a full queue', 'Wait for `retry_after_ms`, then send again.'),
  POOL_UNREADY: row(
    503,
    true,
    'Pool not ready',
    'The pool is loading or draining; wait for `retry_after_ms`, then send again.',
  ),
  POOL_UNAVAILABLE: row(
    503,
    true,
    'Pool unavailable',
    'See `last_error` of the pool in GET /v1/pools; the operator has to mend it.',
  ),
  REPLICA_EXHAUSTED: row(503, true, 'No replica left', 'Wait for `retry_after_ms`, then send again.'),
  DECODE_TIMEOUT: row(
    500,
    true,
    'Decode timed out',
    "Send the task again; if it keeps happening, raise the pool's timeouts.",
  ),
  WORKER_RESET: row(500, true, 'Engine lost', 'Send the task again; delivered tokens stay valid.'),
  INTERNAL: row(500, false, 'Internal error', 'Report the correlation id to the operator.'),
  UNAUTHENTICATED: row(401, false, 'Key missing', 'Send a key as `Authorization: Bearer <key>` or `X-API-Key`.'),
  FORBIDDEN: row(
    403,
    false,
    'Forbidden',
    'Use a key that is known and has the scope, and a Host that the server serves.',
  ),
  POLICY_DENIED: row(403, false, 'Denied by policy', 'See `policy.reason`.'),
  NOT_FOUND: row(404, false, 'Not found', 'Check the path or the id.'),
  CONFLICT: row(
    409,
    false,
    'Conflict',
    'The message says what stands against it: wait until that is over, or choose another id or model.',
  ),
  TURN_LIMIT: row(409, false, 'Session turns used up', 'Start a new session.'),
  STREAM_GONE: row(410, false, 'Stream position gone', 'Go on from `snapshot.next_seq`.'),
  PAYLOAD_TOO_LARGE: row(413, false, 'Payload too large', 'Send a smaller body.'),
  IDEMPOTENCY_MISMATCH: row(422, false, 'Id or key reused with another body', 'Use a new task_id or Idempotency-Key.'),
  QUOTA_EXCEEDED: row(429, true, 'Quota exceeded', 'Wait for `retry_after_ms`, then send again.'),
  BUDGET_EXHAUSTED: row(429, false, 'Session budget exhausted', 'Start a new session.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** One violated rule of a request: where, and what is expected there. */
export interface Violation {
  /** JSON Pointer into the body; empty for the whole body. */
  readonly pointer: string;
  readonly message: string;
}

/** Members that an error may add to its body; names as on the wire. */
export interface ErrorMembers {
  readonly engine?: string | null;
  readonly pool_id?: string;
  readonly retriable?: boolean;
  /** 1 to 60 000. */
  readonly retry_after_ms?: number;
  readonly policy_label?: 'reject' | 'drop-lru' | 'shed-low-priority';
  readonly errors?: readonly Violation[];
  readonly predicted?: {
    readonly start_p50_ms: number;
    readonly start_p90_ms: number;
    readonly decode_ms: number;
    readonly deadline_ms: number;
  };
  /** With `QUOTA_EXCEEDED`, `BUDGET_EXHAUSTED`, `TURN_LIMIT`: what was met, under the name of its config key. */
  readonly limit?: { readonly name: string; readonly value: number; readonly used: number };
  /** With `POLICY_DENIED`: who denied and why, by which rule, what would pass, and the decision's id in the audit. */
  readonly policy?: { readonly id: string; readonly version: string; readonly reason: string };
  readonly policy_code?: string;
  readonly hint?: string;
  readonly decision_id?: string;
  readonly snapshot?: Readonly<Record<string, unknown>>;
  /** With the 409 of a reload that came to nothing: what became of it, at which step, why, and what is served now. */
  readonly reload?: 'rollback';
  readonly failed_step?: string;
  readonly cause?: { readonly code: string; readonly message: string };
  readonly serving?: { readonly model_ref: string; readonly model_digest: string | null } | null;
}

export interface AppErrorOptions {
  readonly members?: ErrorMembers;
  /** Replaces the status of the table, where one code has several (405 and 415 of `INVALID_PARAMS`). */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/**
 * The one error that crosses rooms. The message reaches the caller: it says what happened, to what, and what to do next,
 * and holds no key, prompt, stack or path of the host.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly members: ErrorMembers;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: AppErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.members = options.members ?? {};
    this.status = options.status ?? ERRORS[code].status;
    this.headers = options.headers ?? {};
  }

  get retriable(): boolean {
    return this.members.retriable ?? ERRORS[this.code].retriable;
  }
}

/** `INVALID_PARAMS` from its violations; the message repeats the first. */
export function invalidParams(violations: readonly Violation[], members: ErrorMembers = {}): AppError {
  const [first] = violations;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  const where = first?.pointer ? `${first.pointer} ` : '';
  return new AppError('INVALID_PARAMS', `${where}${first?.message ?? 'the request is invalid'}${more}`, {
    members: { ...members, errors: violations },
  });
}

/** Path of the page that explains a code. */
export function problemType(code: ErrorCode): string {
  return `/problems/${code.toLowerCase().replaceAll('_', '-')}`;
}

function row(status: number, retriable: boolean, title: string, help: string): ErrorRow {
  return { status, retriable, title, help };
}
