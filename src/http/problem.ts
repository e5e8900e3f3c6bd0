import { type AppError, ERRORS, problemType } from '../kernel/errors.js';

/** Body of every refusal on a native route: the members of RFC 9457 and those of the contract in one object. */
export function problemBody(
  error: AppError,
  instance: string,
  correlationId: string,
): Readonly<Record<string, unknown>> {
  const { retriable: _retriable, ...members } = error.members;
  return {
    type: problemType(error.code),
    title: ERRORS[error.code].title,
    status: error.status,
    detail: error.message,
    instance,
    code: error.code,
    message: error.message,
    retriable: error.retriable,
    correlation_id: correlationId,
    ...members,
  };
}

/** Headers that agree with the body. */
export function problemHeaders(error: AppError): Readonly<Record<string, string>> {
  const wait = error.members.retry_after_ms;
  if (wait === undefined) return error.headers;
  return { ...error.headers, 'Retry-After': String(Math.ceil(wait / 1000)), 'X-Backoff-Ms': String(wait) };
}
