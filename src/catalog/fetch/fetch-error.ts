import { AppError, type ErrorCode } from '../../kernel/errors.js';

/**
 * Why a model is not there. `broken_off`, `no_space` and `cancelled` leave what was fetched to go on from;
 * `untrusted` and `unsound` bytes are put away where no engine reaches them.
 */
export type FetchErrorKind =
  | 'malformed'
  | 'missing'
  | 'denied'
  | 'refused'
  | 'broken_off'
  | 'changed'
  | 'no_space'
  | 'over_quota'
  | 'untrusted'
  | 'unsound'
  | 'cancelled'
  | 'not_local';

const CODES: Readonly<Record<FetchErrorKind, ErrorCode>> = {
  malformed: 'INVALID_PARAMS',
  missing: 'NOT_FOUND',
  denied: 'INVALID_PARAMS',
  refused: 'POLICY_DENIED',
  broken_off: 'POOL_UNREADY',
  changed: 'POOL_UNREADY',
  no_space: 'INTERNAL',
  over_quota: 'POOL_UNREADY',
  untrusted: 'UNTRUSTED_ARTIFACT',
  unsound: 'UNTRUSTED_ARTIFACT',
  cancelled: 'POOL_UNREADY',
  not_local: 'POOL_UNREADY',
};

/** A fetch that came to nothing; the message says what to do next and names no path of the host. */
export class FetchError extends AppError {
  constructor(
    readonly kind: FetchErrorKind,
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(CODES[kind], message, { cause: options.cause, members: { retriable: kind === 'broken_off' } });
  }
}
