/** How far an exchange had come when it failed. */
export type ExchangeStage = 'connecting' | 'sent' | 'replying';

/**
 * - `unreachable`: refused, unknown host, TLS refused, or closed while connecting
 * - `connect-timeout`: no connection in time
 * - `head-timeout`: connected, but no reply began in time
 * - `idle-timeout`: the reply began, then nothing came for too long
 * - `call-timeout`: the whole call took too long
 * - `no-reply`: the connection closed before the reply began
 * - `truncated`: the connection closed before the reply was complete
 * - `malformed`: the peer does not speak HTTP, or its reply is larger than allowed
 * - `aborted`: the caller's signal
 */
export type HttpFailureKind =
  | 'unreachable'
  | 'connect-timeout'
  | 'head-timeout'
  | 'idle-timeout'
  | 'call-timeout'
  | 'no-reply'
  | 'truncated'
  | 'malformed'
  | 'aborted';

/** An exchange that brought no complete reply. Statuses are replies, not failures. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';

  constructor(
    readonly kind: HttpFailureKind,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

const TIMEOUTS: Readonly<Record<string, HttpFailureKind>> = {
  UND_ERR_CONNECT_TIMEOUT: 'connect-timeout',
};

const SENTENCES: Readonly<Record<HttpFailureKind, string>> = {
  unreachable: 'The engine cannot be reached; check that it runs and that the url of its pool is right',
  'connect-timeout': 'The engine did not accept a connection in time; check the url of its pool',
  'head-timeout': 'The engine did not begin to answer in time',
  'idle-timeout': 'The engine fell silent in the middle of its answer',
  'call-timeout': 'The engine did not answer in time',
  'no-reply': 'The engine closed the connection without an answer',
  truncated: 'The engine closed the connection in the middle of its answer',
  malformed: 'The engine answered with something that is not the expected HTTP',
  aborted: 'The call was given up by its caller',
};

/** A failure in words that hold no address, since they reach callers. */
export function httpFailure(kind: HttpFailureKind, cause?: unknown): HttpFailure {
  return new HttpFailure(kind, `${SENTENCES[kind]}${systemCode(cause)}.`, cause);
}

/** Tells what an error of the HTTP client means at the given stage. */
export function failureKind(error: unknown, stage: ExchangeStage): HttpFailureKind {
  const timeout = TIMEOUTS[codeOf(error)];
  if (timeout !== undefined) return timeout;
  if (stage === 'connecting') return 'unreachable';
  if (isParserError(error)) return 'malformed';
  return stage === 'sent' ? 'no-reply' : 'truncated';
}

/** A body that ends too soon is also reported by the parser, but it is a cut, not nonsense. */
function isParserError(error: unknown): boolean {
  return error instanceof Error && error.name === 'HTTPParserError' && !/eof/i.test(error.message);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function systemCode(cause: unknown): string {
  const code = codeOf(cause);
  return /^E[A-Z]+$/.test(code) ? ` (${code})` : '';
}
