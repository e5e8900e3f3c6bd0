import { isDeepStrictEqual } from 'node:util';
import { type QueueDiscipline, type QueueItem } from '../../contracts/queue.js';
import { demand } from '../demand.js';
import { type Check, type Skip, skip } from '../kit.js';
import { type QueueSubject } from './queue-kit.js';
import { QueueWalk } from './queue-walk.js';

const SEEDS = 25;
/** Rounding of shares that are added up. */
const TRACE = 1e-9;

/** What a discipline owes for the optional members that it has. */
export const optionalChecks: readonly Check<QueueSubject>[] = [
  check('QD-11 lists what waits in the order of dispatch', 'order', (queue, walk) => {
    const listed = ids(queue.order!(walk.now));
    demand(isDeepStrictEqual(ids(queue.order!(walk.now)), listed), 'order changed by being read; play on copies.');
    const drained = ids(walk.drain());
    demand(isDeepStrictEqual(listed, drained), 'order must list the waiting items as next would yield them.', {
      actual: listed,
      expected: drained,
    });
  }),
  check('QD-12 settles without a change to what waits', 'settle', (queue, walk) => {
    const left = [...walk.waiting.keys()];
    const told = new Map(left.map((taskId) => [taskId, queue.position(taskId, walk.now)]));
    queue.settle!({ taskId: 'task-unknown', priority: 'batch', enqueuedAt: 0 }, 1);
    demand(
      queue.size === left.length,
      'settle changed the number of waiting items; it only corrects what was charged.',
    );
    demand(told.size === new Set(told.values()).size, 'Two items have the same position after a settle.');
    const drained = ids(walk.drain());
    demand(isDeepStrictEqual([...drained].sort(), left.sort()), 'After a settle, items were lost or yielded twice.', {
      actual: drained,
      expected: left,
    });
  }),
  check('QD-13 tells shares that add up', 'shares', (queue, walk) => {
    walk.drain();
    const shares = queue.shares!();
    const sum = shares.reduce((total, { share }) => total + share, 0);
    const isSound = shares.every(({ share }) => share >= 0 && share <= 1 + TRACE);
    const adds = shares.length === 0 || Math.abs(sum - 1) < TRACE;
    demand(isSound && adds, 'shares must lie between 0 and 1 and add up to 1.', { actual: shares, expected: 1 });
    const flows = new Set(shares.map(({ tenantId, priority }) => `${priority} ${tenantId}`));
    demand(flows.size === shares.length, 'shares names a tenant of a class twice.', {
      actual: shares,
      expected: 'once',
    });
  }),
  check('QD-14 gives up the item with the least chance', 'leastHopeful', (queue, walk) => {
    const chances = new Map([...walk.waiting.keys()].map((taskId, at) => [taskId, ((at * 7) % 11) / 10]));
    const chanceOf = ({ taskId }: QueueItem) => Math.min(1, chances.get(taskId)!);
    const found = queue.leastHopeful!(walk.now, chanceOf);
    const least = Math.min(1, ...chances.values());
    if (least === 1) demand(found === undefined, 'leastHopeful gives up an item that is sure to be on time.');
    else demand(found !== undefined && chanceOf(found) === least, 'leastHopeful must find the least chance of all.');
    demand(queue.size === walk.waiting.size, 'leastHopeful took an item out; it must leave the queue as it is.');
  }),
  check('QD-18 tells a newcomer the place that it will have', 'ahead', (queue, walk) => {
    const others = [...walk.waiting.keys()];
    const places = () => others.map((taskId) => queue.position(taskId, walk.now));
    for (const newcomer of newcomersAt(walk.now)) {
      const before = places();
      const told = queue.ahead!(newcomer, walk.now);
      const isAsItWas = queue.size === others.length && isDeepStrictEqual(places(), before);
      demand(isAsItWas, 'ahead changed the queue; what was tried out must leave no trace.', {
        actual: places(),
        expected: before,
      });
      queue.enqueue(newcomer);
      const expected = queue.position(newcomer.taskId, walk.now);
      demand(told === expected, 'ahead told another place than the item has once it is enqueued.', {
        actual: told,
        expected,
      });
      queue.remove(newcomer.taskId);
    }
  }),
];

/** Nobody that waits, in either class, with a deadline and without. */
function newcomersAt(now: number): readonly QueueItem[] {
  const item = { taskId: 'newcomer', enqueuedAt: now, tenantId: 'tenant-1' };
  const ofClasses = (['interactive', 'batch'] as const).map((priority) => ({ ...item, priority }));
  return [...ofClasses, ...ofClasses.map((one) => ({ ...one, deadlineAt: now + 30_000 }))];
}

type Optional = 'ahead' | 'order' | 'settle' | 'shares' | 'leastHopeful';

/** Runs a check after walks of growing length; skipped for a discipline without the member. */
function check(
  name: string,
  member: Optional,
  examine: (queue: QueueDiscipline, walk: QueueWalk) => void,
): Check<QueueSubject> {
  return {
    name,
    run(subject): Skip | void {
      if (subject.createQueue()[member] === undefined) return skip(`the discipline has no ${member}`);
      for (let seed = 0; seed < SEEDS; seed++) {
        const queue = subject.createQueue();
        const walk = new QueueWalk(queue, seed, member === 'settle' ? 'settle' : 'requeue');
        walk.walk(1 + seed * 8, (step) => {
          if (step.type === 'next' && step.item) walk.waiting.delete(step.item.taskId);
        });
        examine(queue, walk);
      }
    },
  };
}

function ids(items: Iterable<QueueItem>): string[] {
  return Array.from(items, ({ taskId }) => taskId);
}
