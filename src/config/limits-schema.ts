import { z } from 'zod';
import { count, milliseconds, name } from './fields.js';

/** A thousandth of a request per second is the finest rate that is counted exactly. */
const rps = () => z.number().min(0.001).max(1_000_000);

/** Nobody weighs nothing: every flow has its turn in the end. */
export const weight = () => z.number().min(0.01).max(1_000).optional();

/** How often one key may submit. */
export const keyLimits = z.strictObject({
  rps: rps().describe('Tasks that the key may submit per second, on average.'),
  burst: count(1, 1_000_000).optional().describe('Tasks that it may submit at once. Default: rps, at least 1.'),
});

/** What all keys of one tenant may do together. */
export const tenant = z.strictObject({
  id: name().describe('Name that keys give in their tenant. A tenant that is not listed has no limits.'),
  weight: weight().describe('Share against other tenants under a fair discipline. Default: 1.'),
  max_concurrent: count(1, 1_000_000).optional().describe('Tasks that may wait and run at once. Default: no limit.'),
  rps: rps().optional().describe('Tasks per second that reach the queues. Default: no limit.'),
  tokens_per_min: count(1, 1_000_000_000)
    .optional()
    .describe('Prompt and answer tokens per minute; a task is charged with its most, and settled at its end.'),
});

export const classRps = () =>
  rps().optional().describe('Tasks of this class per second that the pool takes. Default: no limit.');

/** Whether the slots of a replica follow what its engine carries. */
export const adaptiveConcurrency = z.strictObject({
  enabled: z.boolean().default(false).describe('true: use as many slots as the engine carries without slowing down.'),
  min: count(1, 4_096).default(1).describe('Slots that are used at least, and at first.'),
  max: count(1, 4_096).optional().describe('Slots that are used at most. Default: slots.'),
});

/** Objectives of service. Without them nothing is shed. */
export const slo = z.strictObject({
  interactive: z
    .strictObject({
      ttft_p95_ms: milliseconds().default(900).describe('Receipt to first token that 95 % should not exceed.'),
    })
    .prefault({})
    .describe('Objectives of interactive tasks.'),
  shed_after_ms: milliseconds(100)
    .default(60_000)
    .describe('Time above twice the target after which a pool refuses batch tasks.'),
  recover_after_ms: milliseconds(100)
    .default(60_000)
    .describe('Time below the target after which it takes them again.'),
});
