import { z } from '@llama-orch/plugin-sdk';

/** What an operator may write under `options` of this probe. */
export const nvmlOptions = z.strictObject({
  /** Absolute path of the library, or a name that the system's loader finds. */
  library: z.string().trim().min(1).max(4_096).default('libnvidia-ml.so.1'),
});

export type NvmlOptions = z.output<typeof nvmlOptions>;
