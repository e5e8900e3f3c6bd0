import { type ModelShape } from './formats/model-shape.js';

/** How much a model is asked to hold at the same time. */
export interface Load {
  readonly slots: number;
  /** Tokens of one request; undefined: the model's own limit, at most 8192. */
  readonly contextTokens: number | undefined;
}

/** Memory that a replica takes, in bytes. */
export interface MemoryNeed {
  readonly weightsBytes: number;
  readonly kvBytes: number;
}

/** `fits` on one device, `spread` over several, `too_large` for all together. */
export type Fit = 'fits' | 'spread' | 'too_large' | 'unknown';

/** Room that a model needs, relative to what it takes. */
const MARGIN = 1.1;
const USUAL_CONTEXT = 8_192;
/** Without a header: what weights and cache take together, in sizes of the file. */
const OF_THE_FILE = 1.2;

export function memoryNeed(weightsBytes: number, shape: ModelShape | undefined, load: Load): MemoryNeed {
  if (shape === undefined) return { weightsBytes: Math.ceil(weightsBytes * OF_THE_FILE), kvBytes: 0 };
  return { weightsBytes, kvBytes: shape.kvBytesPerToken * contextOf(shape, load) * load.slots };
}

/** Context of one request, as an engine has it. */
export function contextOf(
  shape: ModelShape,
  { contextTokens }: { readonly contextTokens?: number | undefined },
): number {
  return contextTokens ?? Math.min(shape.contextTokens, USUAL_CONTEXT);
}

/** Whether devices can carry a model at all, were they empty. @param totalBytes of each device */
export function fitOf({ weightsBytes, kvBytes }: MemoryNeed, totalBytes: readonly number[]): Fit {
  if (totalBytes.length === 0) return 'unknown';
  const need = (weightsBytes + kvBytes) * MARGIN;
  if (need <= Math.max(...totalBytes)) return 'fits';
  return need <= totalBytes.reduce((sum, bytes) => sum + bytes, 0) ? 'spread' : 'too_large';
}
