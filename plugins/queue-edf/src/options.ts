import { type QueueDiscipline, type QueueFacts, z } from '@llama-orch/plugin-sdk';
import { PriorityFifo, priorityFifoOptions } from '@llama-orch/queue-priority-fifo';
import { rulesOf, Wfq, wfqOptions } from '@llama-orch/queue-wfq';
import { DeadlineClassLane } from './deadline-class-lane.js';
import { DeadlineLane } from './deadline-lane.js';

/** `inside` is the discipline that the lanes belong to; the other members are its own options. */
export const edfOptions = z.discriminatedUnion('inside', [
  z.strictObject({ inside: z.literal('priority-fifo').default('priority-fifo'), ...priorityFifoOptions.shape }),
  z.strictObject({ inside: z.literal('wfq'), ...wfqOptions.shape }),
]);

export type EdfOptions = z.output<typeof edfOptions>;

/** The discipline inside, with lanes by deadline in place of its own. */
export function disciplineInside(options: EdfOptions, facts?: QueueFacts): QueueDiscipline & Ordered {
  return options.inside === 'wfq'
    ? new Wfq(rulesOf(options, facts), () => new DeadlineLane())
    : new PriorityFifo(options.batch_max_wait_ms, () => new DeadlineClassLane());
}

/** Both disciplines inside can tell their order. */
export type Ordered = Required<Pick<QueueDiscipline, 'order'>>;
