import { type Random } from '../kernel/random.js';

export interface BackoffLimits {
  readonly initial_ms: number;
  readonly max_ms: number;
  readonly factor: number;
  readonly jitter: number;
}

/** Wait before the restart that follows `failures` failures in a row (1 = the first). */
export function backoffMs(failures: number, limits: BackoffLimits, random: Random): number {
  const plain = Math.min(limits.max_ms, limits.initial_ms * limits.factor ** (failures - 1));
  return Math.round(plain * (1 + limits.jitter * (2 * random.next() - 1)));
}
