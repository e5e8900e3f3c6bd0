import { AppError, type ErrorMembers } from '../../kernel/errors.js';
import { LONGEST_RETRY_MS } from '../../scheduling/promises/retry-wait.js';

/** The limit that was met, under the name that it has in the configuration. */
export interface MetLimit {
  readonly name: 'rps' | 'rate_limit_rps' | 'max_concurrent' | 'tokens_per_min';
  readonly value: number;
  readonly used: number;
}

export interface QuotaRefusal {
  readonly limit: MetLimit;
  /** What is used up, as the beginning of a sentence. */
  readonly what: string;
  /** Undefined when waiting does not help. */
  readonly retryMs: number | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly members?: ErrorMembers;
}

/** 429 `QUOTA_EXCEEDED`. */
export function quotaExceeded({ limit, what, retryMs, headers = {}, members = {} }: QuotaRefusal): AppError {
  const advice = retryMs === undefined ? 'ask for less' : `retry in ${retryMs} ms`;
  return new AppError('QUOTA_EXCEEDED', `${what}; ${advice}`, {
    headers,
    members: {
      ...members,
      ...(retryMs === undefined ? { retriable: false } : {}),
      retry_after_ms: retryMs ?? LONGEST_RETRY_MS,
      policy_label: 'reject',
      limit,
    },
  });
}
