import { demand } from '../demand.js';
import { type Check } from '../kit.js';
import { type QueueSubject } from './queue-kit.js';

const ITEMS = 100_000;
const REMOVED = 1_000;
const LIMIT_MS = 6_000;
/** The clock is read once in so many calls. */
const STRIDE = 500;

export const loadChecks: readonly Check<QueueSubject>[] = [
  {
    name: 'QD-17 holds 100,000 items at a small price each',
    run({ createQueue }) {
      const queue = createQueue();
      const time = new CpuTime();
      for (let at = 0; at < ITEMS; at++) {
        queue.enqueue({
          taskId: `task-${at}`,
          priority: at % 4 === 0 ? 'batch' : 'interactive',
          enqueuedAt: at,
          tenantId: `tenant-${at % 1_000}`,
          cost: 1 + ((at * 7_919) % 1_500),
          ...(at % 3 === 0 && { deadlineAt: at + ((at * 104_729) % 60_000) }),
        });
        time.check(at, 'enqueue');
      }
      for (let at = 0; at < REMOVED; at++) {
        queue.remove(`task-${at * (ITEMS / REMOVED)}`);
        time.check(at, 'remove');
      }
      for (let at = 0; at < ITEMS - REMOVED; at++) {
        queue.next(ITEMS);
        time.check(at, 'next');
      }
      demand(queue.size === 0, 'The queue is not empty after everything was taken out.');
    },
  },
];

/** Time of this process alone, so that a busy machine fails nobody. */
class CpuTime {
  readonly #begun = process.cpuUsage();

  check(call: number, name: string): void {
    if (call % STRIDE !== 0) return;
    const { user, system } = process.cpuUsage(this.#begun);
    const actual = (user + system) / 1000;
    const sentence = `Calls take longer the more items wait (seen at ${name}); they must be O(log n) or better.`;
    demand(actual < LIMIT_MS, sentence, { actual, expected: LIMIT_MS });
  }
}
