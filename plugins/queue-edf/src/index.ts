import { defineQueueDiscipline, type QueueDiscipline, type QueueFacts } from '@llama-orch/plugin-sdk';
import { leastHopeful } from './least-hopeful.js';
import { disciplineInside, type EdfOptions, edfOptions } from './options.js';

/** Earliest deadline first, inside each class of `priority-fifo` or each flow of `wfq`. */
export default defineQueueDiscipline({
  id: 'edf',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: edfOptions,
  create: (options) => ({ createQueue: (facts) => withDeadlines(options, facts) }),
});

function withDeadlines(options: EdfOptions, facts?: QueueFacts): QueueDiscipline {
  const queue = disciplineInside(options, facts);
  return Object.assign(queue, {
    leastHopeful: (now: number, chanceOf: Parameters<NonNullable<QueueDiscipline['leastHopeful']>>[1]) =>
      leastHopeful(queue.order(now), chanceOf),
  });
}
