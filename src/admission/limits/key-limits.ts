import { type KeyRecord } from '../../config/index.js';
import { type Clock } from '../../kernel/clock.js';
import { type AppError } from '../../kernel/errors.js';
import { type Random } from '../../kernel/random.js';
import { type Metrics } from '../../observability/metrics.js';
import { type TaskTelemetry } from '../../tasks/task-telemetry.js';
import { type Caller } from '../submission.js';
import { quotaExceeded } from './quota-refusal.js';
import { RateLimits } from './rate-limits.js';
import { type RateLimit } from './rate-limit.js';
import { perSecond, type Rate } from './token-bucket.js';

const LONGEST_RESET_S = 60;
const NONE: Readonly<Record<string, string>> = {};

export interface KeyLimitPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly telemetry: TaskTelemetry;
}

/** How often a key may submit. The first check of a task, before its body is read. */
export class KeyLimits {
  private readonly rates: ReadonlyMap<string, { readonly rps: number; readonly rate: Rate }>;
  private readonly limits: RateLimits;

  constructor(
    keys: readonly KeyRecord[],
    private readonly ports: KeyLimitPorts,
  ) {
    this.limits = new RateLimits(ports.random);
    this.rates = new Map(
      keys.flatMap(({ id, limits }) =>
        limits === undefined ? [] : [[id, { rps: limits.rps, rate: perSecond(limits.rps, limits.burst) }]],
      ),
    );
  }

  /**
   * Counts one submission.
   * @returns the headers that tell the caller where it stands; none for a key without a limit
   * @throws AppError 429 `QUOTA_EXCEEDED`
   */
  pass(caller: Caller, correlationId: string): Readonly<Record<string, string>> {
    const limited = this.rateOf(caller);
    if (limited === undefined) return NONE;
    const now = this.ports.clock.now();
    const limit = this.limits.of(caller.keyId!, limited.rate, now);
    if (limit.take(1, now)) return headersOf(limit, now);
    const refusal = quotaExceeded({
      limit: { name: 'rps', value: limited.rps, used: limit.used(now) },
      what: `key ${caller.keyId} has used up its ${limited.rps} requests per second (burst ${limited.rate.burst})`,
      retryMs: limit.promiseMs(1, now),
      headers: headersOf(limit, now),
      members: { engine: null },
    });
    this.record(refusal, caller, correlationId);
    throw refusal;
  }

  /** Rate and burst of the caller's key; undefined without a limit. */
  limitOf(caller: Caller): { readonly rps: number; readonly burst: number } | undefined {
    const limited = this.rateOf(caller);
    return limited && { rps: limited.rps, burst: limited.rate.burst };
  }

  private rateOf({ keyId }: Caller) {
    return keyId === null ? undefined : this.rates.get(keyId);
  }

  private record(refusal: AppError, { tenantId, keyId }: Caller, correlationId: string): void {
    this.ports.metrics.quotaDenied.inc({ tenant: tenantId, limit: 'rps' });
    const { retry_after_ms } = refusal.members;
    const fields = {
      correlation_id: correlationId,
      tenant_id: tenantId,
      client_id: keyId ?? undefined,
      retry_after_ms,
    };
    this.ports.telemetry.refused(null, refusal, fields);
  }
}

/** Structured fields: what the key may do, what is left of it, and the seconds until there is one request more. */
function headersOf(limit: RateLimit, now: number): Readonly<Record<string, string>> {
  const { tokens, perMs, burst } = limit.rate;
  const windowS = Math.ceil((burst * perMs) / tokens / 1000);
  const left = limit.left(now);
  const nextMs = left === burst ? 0 : limit.waitMs(left + 1, now);
  const resetS = Math.min(LONGEST_RESET_S, Math.ceil(nextMs / 1000));
  return {
    'RateLimit-Policy': `"requests";q=${burst};w=${windowS}`,
    RateLimit: `"requests";r=${left};t=${resetS}`,
  };
}
