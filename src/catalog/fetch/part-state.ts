import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readDocument } from './durable.js';

const partState = z.strictObject({
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  total: z.number().nullable(),
  /** Digests of what came up to there; written after the bytes are safe. */
  checkpoints: z.array(z.strictObject({ bytes: z.number(), sha256: z.string() })),
  /** Which start of the machine wrote it: without a loss of power, what a file holds is what was written. */
  bootId: z.string().nullable(),
});

/** What is known of a file that is not whole yet. */
export type PartState = Readonly<z.output<typeof partState>>;

export const NOTHING_YET: PartState = { etag: null, lastModified: null, total: null, checkpoints: [], bootId: null };

/** A state that cannot be read is none: the fetch begins anew. */
export async function readPartState(path: string): Promise<PartState> {
  const parsed = partState.safeParse(await readDocument(path));
  return parsed.success ? parsed.data : NOTHING_YET;
}

/** Null where the system does not tell. */
export async function bootId(): Promise<string | null> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return text.trim() || null;
}
