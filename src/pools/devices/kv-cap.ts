import { contextOf } from '../../catalog/fetch/fit.js';
import { type Weights } from './footprints.js';

/** Sequences and the context of each, as an engine is started with them. */
export interface CacheSize {
  readonly slots: number;
  readonly contextTokens: number;
}

/** Room that a footprint needs, relative to its size. */
export const MARGIN = 1.1;
const CONTEXT_STEP = 256;
const LEAST_CONTEXT = 512;

/**
 * The cache that every device can carry, the smallest too: fewer slots first, as they cost only waiting, then a shorter context.
 * @returns undefined when even the shortest does not fit beside the weights
 */
export function cappedCache(
  { bytes, shape }: Weights & { readonly shape: NonNullable<Weights['shape']> },
  wanted: { readonly slots: number; readonly contextTokens: number | undefined },
  shares: readonly number[],
  totalBytes: readonly number[],
): CacheSize | undefined {
  const contextTokens = contextOf(shape, wanted);
  const room = Math.min(...shares.map((share, place) => totalBytes[place]! / MARGIN / share)) - bytes;
  const tokens = Math.floor(room / shape.kvBytesPerToken);
  if (tokens >= wanted.slots * contextTokens) return { slots: wanted.slots, contextTokens };
  const slots = Math.floor(tokens / contextTokens);
  if (slots >= 1) return { slots, contextTokens };
  const shorter = Math.floor(tokens / CONTEXT_STEP) * CONTEXT_STEP;
  return shorter < Math.min(LEAST_CONTEXT, contextTokens) ? undefined : { slots: 1, contextTokens: shorter };
}
