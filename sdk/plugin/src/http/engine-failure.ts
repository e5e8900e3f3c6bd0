import { EngineError, type EngineErrorCode, isEngineError } from '../contracts/engine-error.js';
import { type EngineErrorBody } from './error-body.js';
import { HttpFailure, type HttpFailureKind } from './http-failure.js';
import { type HttpReply } from './http-stream.js';
import { SseError } from './sse-splitter.js';

const FAILURES: Readonly<Record<HttpFailureKind, readonly [EngineErrorCode, string]>> = {
  unreachable: ['unavailable', 'unreachable'],
  'connect-timeout': ['unavailable', 'unreachable'],
  'head-timeout': ['timeout', 'first_byte'],
  'idle-timeout': ['timeout', 'idle'],
  'call-timeout': ['timeout', 'connect'],
  'no-reply': ['reset', 'no_reply'],
  truncated: ['reset', 'stream_truncated'],
  malformed: ['adapter', 'bad_stream'],
  aborted: ['unavailable', 'aborted'],
};

const MAX_SHOWN_CHARS = 300;
const MAX_RETRY_AFTER_MS = 60_000;

/** An exchange without a complete reply, in the words of the contract. */
export function failureError(failure: HttpFailure): EngineError {
  const [code, reason] = FAILURES[failure.kind];
  return new EngineError(code, failure.message, { reason, cause: failure });
}

/** A stream that is no event stream, in the words of the contract. */
export function badStream(cause: unknown): EngineError {
  const message = cause instanceof SseError ? cause.message : 'The engine sent an event that cannot be read.';
  return new EngineError('adapter', message, { reason: 'bad_stream', cause });
}

/** A refusal before the stream, by its status; engines put their own cases in front of it. */
export function refusalError(reply: HttpReply, body: EngineErrorBody): EngineError {
  const { status } = reply;
  if (status === 401 || status === 403) {
    return new EngineError('unavailable', "The engine refused the operator's key; check the key of the pool.", {
      reason: 'engine_auth',
    });
  }
  if (status === 404 || (status === 400 && /model.*not (found|exist)|unknown model/i.test(body.message))) {
    return new EngineError('unavailable', 'The engine does not serve this model.', { reason: 'model_missing' });
  }
  if (status === 429 || status === 503) return busy(reply, body);
  if (status === 502 || status === 504) {
    return new EngineError('unavailable', `A gateway before the engine answered ${status}.`, { reason: 'unreachable' });
  }
  if (status === 501) return notSupported(body.message);
  if (status === 400 || status === 422) {
    return new EngineError('invalid-input', `The engine refused the request: ${shown(body.message)}`, {
      reason: 'refused',
    });
  }
  return new EngineError('internal', `The engine answered ${status}.`, {
    reason: reasonOf(body, status),
    cause: body.message,
  });
}

/** Something that this engine cannot do. */
export function notSupported(message: string): EngineError {
  return new EngineError('invalid-input', `The engine does not support the request: ${shown(message)}`, {
    reason: 'not_supported',
  });
}

/** The engine's own type and code, as one word for logs and metrics. */
export function reasonOf(body: EngineErrorBody, status: number): string {
  return `${body.type ?? 'http'}_${body.code ?? status}`.slice(0, 64);
}

function busy(reply: HttpReply, body: EngineErrorBody): EngineError {
  if (reply.status === 503 && /loading/i.test(body.message)) {
    return new EngineError('unavailable', 'The engine is still loading its model.', { reason: 'loading' });
  }
  const gateway = reply.status === 503 && body.message === '';
  if (gateway) return new EngineError('unavailable', 'The engine answered 503.', { reason: 'unreachable' });
  const retryAfterMs = retryAfter(reply);
  const told = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new EngineError('unavailable', 'The engine is full; try again later.', { reason: 'overloaded', ...told });
}

function retryAfter(reply: HttpReply): number | undefined {
  const seconds = Number(reply.headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1_000, MAX_RETRY_AFTER_MS) : undefined;
}

function shown(message: string): string {
  return message === '' ? 'it gave no reason.' : message.slice(0, MAX_SHOWN_CHARS);
}

/** The reply to a call that is no stream. @throws EngineError alone, whatever went wrong */
export async function answered(call: Promise<HttpReply>): Promise<HttpReply> {
  try {
    return await call;
  } catch (error) {
    if (isEngineError(error)) throw error;
    if (error instanceof HttpFailure) throw failureError(error);
    throw new EngineError('adapter', 'The adapter failed to ask the engine.', { reason: 'bug', cause: error });
  }
}
