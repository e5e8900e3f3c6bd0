import { z } from 'zod';
import { readDocument } from './durable.js';
import { isDigest } from '../trust/digest.js';

const digest = () => z.string().refine(isDigest);

const record = z.strictObject({
  digest: digest(),
  ref: z.string(),
  pinnedRef: z.string(),
  revision: z.string().optional(),
  registry: z.string(),
  fetchedMs: z.number(),
  files: z.array(z.strictObject({ path: z.string(), digest: digest(), sizeBytes: z.number() })).min(1),
});

/** What is kept beside a fetched model: where it came from, and what it is made of. */
export type ModelRecord = Readonly<z.output<typeof record>>;

/** Undefined when there is none, or it is damaged: the model then counts as not here. */
export async function readRecord(path: string): Promise<ModelRecord | undefined> {
  const parsed = record.safeParse(await readDocument(path));
  return parsed.success ? parsed.data : undefined;
}
