import { z } from '@llama-orch/plugin-sdk';

/** What an operator may write under `options` of this probe. */
export const smiOptions = z.strictObject({
  /** Program and first arguments, no shell: for instance a path, or a wrapper that enters a container. */
  command: z.array(z.string().min(1).max(4_096)).min(1).max(32).default(['nvidia-smi']),
  /** How often it prints a reading. Readings older than three intervals count as no answer. */
  interval_ms: z.int().min(20).max(60_000).default(1_000),
});

export type SmiOptions = z.output<typeof smiOptions>;
