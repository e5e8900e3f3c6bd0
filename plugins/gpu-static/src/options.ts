import { z } from '@llama-orch/plugin-sdk';

const device = z
  .strictObject({
    /** What operators read in health and metrics. */
    name: z.string().trim().min(1).max(200),
    /** Memory in GiB; a card sold with 24 GB has 24. */
    vram_gib: z.number().positive().max(65_536).optional(),
    /** Memory in bytes, where GiB are not exact enough. */
    vram_bytes: z.int().positive().optional(),
    /** What pools write in `devices`. Default: the place in this list. */
    index: z.int().min(0).max(1_023).optional(),
  })
  .refine(({ vram_gib, vram_bytes }) => (vram_gib === undefined) !== (vram_bytes === undefined), {
    error: 'give the memory once: either vram_gib or vram_bytes',
  });

/** What an operator may write under `options` of this probe. */
export const staticOptions = z.strictObject({
  devices: z
    .array(device)
    .min(1, { error: 'declare at least one device' })
    .max(1_024)
    .superRefine((devices, context) => {
      const indexes = devices.map(({ index }, place) => index ?? place);
      if (new Set(indexes).size === devices.length && Math.max(...indexes) === devices.length - 1) return;
      const message = `the indexes must be 0 to ${devices.length - 1}, each once; they are ${indexes.join(', ')}`;
      context.addIssue({ code: 'custom', message });
    }),
});

export type StaticOptions = z.output<typeof staticOptions>;
