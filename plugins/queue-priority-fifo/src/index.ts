import { defineQueueDiscipline, z } from '@llama-orch/plugin-sdk';
import { PriorityFifo } from './priority-fifo.js';

export { type ClassLane } from './class-lane.js';
export { PriorityFifo } from './priority-fifo.js';

/** The options as an operator writes them. */
export const priorityFifoOptions = z.strictObject({
  /** Milliseconds after which a waiting batch item goes next; 0 = never. */
  batch_max_wait_ms: z.int().min(0).default(60_000),
});

/** The default queue discipline: two classes, interactive first, arrival order inside. */
export default defineQueueDiscipline({
  id: 'priority-fifo',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: priorityFifoOptions,
  create: ({ batch_max_wait_ms }) => ({ createQueue: () => new PriorityFifo(batch_max_wait_ms) }),
});
