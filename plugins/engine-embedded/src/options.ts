import { z } from '@llama-orch/plugin-sdk';

/** What an operator may write under `options` of this engine. */
export const embeddedOptions = z.strictObject({
  /** CPU threads of one replica; absent: one for files under 100 MB, else one less than the physical cores. */
  threads: z.int().min(1).max(256).optional(),
  /** `false` keeps everything on the CPU; a name is refused when its binary is not installed, `auto` falls back. */
  gpu: z.union([z.literal(false), z.enum(['auto', 'cuda', 'vulkan', 'metal'])]).default(false),
  /** Layers put on the GPU; absent: as many as fit. */
  gpuLayers: z.int().min(0).max(10_000).optional(),
});

export type EmbeddedOptions = z.output<typeof embeddedOptions>;
