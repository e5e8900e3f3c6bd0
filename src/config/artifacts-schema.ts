import { z } from 'zod';
import { count, milliseconds, text } from './fields.js';

const size = () => z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const retention = z.strictObject({
  max_age_days: count(0, 36_500)
    .default(0)
    .describe('Days that artifacts are kept; 0 = for ever. For traces see below.'),
  trace_max_age_days: count(0, 36_500).default(30).describe('The same for traces, such as transcripts of tasks.'),
  max_total_bytes: size()
    .default(10 * 1024 ** 3)
    .describe('Contents of all artifacts together; the oldest go first, but those tagged keep. 0 = no limit.'),
  gc_minutes: count(1, 35_000).default(60).describe('Time between two collections.'),
  gc_grace_ms: milliseconds(0)
    .default(600_000)
    .describe('Time that a content stays at least after nothing was found to refer to it.'),
});

/** Results that are kept. */
export const artifacts = z.strictObject({
  root: text(4096)
    .optional()
    .describe('Folder of the contents, of this daemon alone. Default: artifacts in the data folder.'),
  max_bytes: z
    .int()
    .min(1024)
    .max(64 * 1024 ** 2)
    .default(16 * 1024 ** 2)
    .describe('Largest body of a request that puts an artifact.'),
  transcripts: z.boolean().default(true).describe('true: what a task said is kept as an artifact when it ends.'),
  transcript_queue: count(1, 1_000_000)
    .default(1_000)
    .describe('Ended tasks whose transcripts may wait to be written; beyond it new ones are left out.'),
  tenant_max_bytes: size().default(0).describe('Contents that one tenant may keep; 0 = no limit.'),
  retention: retention.prefault({}).describe('What is kept, and how long.'),
});
