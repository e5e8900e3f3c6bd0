import { type Caller } from '../submission.js';
import { type KeyLimits } from './key-limits.js';
import { type Quotas } from './quotas.js';
import { perSecond } from './token-bucket.js';

/** Everything that limits one caller; empty when nothing does. Names as on the wire. */
export interface CallerLimits {
  /** The tighter rate of key and tenant, with its burst. */
  readonly rps?: number;
  readonly burst?: number;
  readonly max_concurrent?: number;
  readonly tokens_per_min?: number;
}

export function callerLimits(caller: Caller, keyLimits: KeyLimits, quotas: Quotas): CallerLimits {
  const { rps, max_concurrent, tokens_per_min } = quotas.limitsOf(caller);
  const ofTenant = rps === undefined ? undefined : { rps, burst: perSecond(rps).burst };
  const ofKey = keyLimits.limitOf(caller);
  const rate = ofKey === undefined || (ofTenant !== undefined && ofTenant.rps < ofKey.rps) ? ofTenant : ofKey;
  return {
    ...rate,
    ...(max_concurrent === undefined ? {} : { max_concurrent }),
    ...(tokens_per_min === undefined ? {} : { tokens_per_min }),
  };
}
