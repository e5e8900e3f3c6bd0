import { isDeepStrictEqual } from 'node:util';
import { type PriorityClass, type QueueDiscipline, type QueueItem } from '../../contracts/queue.js';
import { demand } from '../demand.js';
import { type Check } from '../kit.js';
import { type QueueSubject } from './queue-kit.js';
import { Flows, isDueBefore } from './queue-flows.js';
import { QueueWalk, type Step } from './queue-walk.js';

type QueueCheck = Check<QueueSubject>;

const SEEDS = 40;
const CLASSES: readonly PriorityClass[] = ['interactive', 'batch'];

export const queueChecks: readonly QueueCheck[] = [
  eachWalk('QD-01 loses nothing and yields nothing twice', (subject, walk, steps) => {
    walk.walk(steps, (step) => {
      if (step.type === 'next') checkYielded(walk, step.item);
    });
    const left = [...walk.waiting.keys()].sort();
    const drained = walk.drain().map(({ taskId }) => taskId).sort(); // prettier-ignore
    demand(isDeepStrictEqual(drained, left), 'Emptying the queue did not yield each waiting item exactly once.', {
      actual: drained,
      expected: left,
    });
    demand(walk.queue.next(walk.now) === undefined, 'next on an empty queue must return undefined.');
  }),
  eachWalk('QD-02 keeps its order inside a flow', (subject, walk, steps) => {
    const flows = new Flows(subject.flowOf, subject.order);
    walk.walk(steps, (step) => {
      if (step.type === 'next' && step.item) {
        walk.waiting.delete(step.item.taskId);
        checkFirst(flows, step.item);
      }
      flows.apply(step);
    });
    for (const item of walk.drain()) {
      checkFirst(flows, item);
      flows.take(item);
    }
  }),
  eachWalk('QD-03 removes exactly the one that was named', (subject, walk, steps) => {
    let size = 0;
    walk.walk(steps, (step) => {
      forgetYielded(walk, step);
      if (step.type === 'remove') checkRemoval(walk.queue, step, size);
      size = walk.queue.size;
    });
    const stray = walk.drain().filter(({ taskId }) => !walk.waiting.has(taskId));
    demand(stray.length === 0, 'A removed item was dispatched later; take it out of every structure that holds it.', {
      actual: stray.map(({ taskId }) => taskId),
      expected: [],
    });
  }),
  eachWalk('QD-04 tells the true position', (subject, walk, steps) => {
    walk.walk(steps, (step) => forgetYielded(walk, step));
    const told = [...walk.waiting.keys()].map((taskId) => [taskId, walk.queue.position(taskId, walk.now)] as const);
    const order = walk.drain().map(({ taskId }) => taskId);
    for (const [taskId, position] of told) {
      demand(
        position === order.indexOf(taskId),
        `The position of ${taskId} is not the number of items that go before it.`,
        {
          actual: position,
          expected: order.indexOf(taskId),
        },
      );
    }
  }),
  eachWalk('QD-05 knows no position of what does not wait', (subject, walk, steps) => {
    walk.walk(steps, (step) => {
      forgetYielded(walk, step);
      const gone = step.type === 'remove' ? step.taskId : step.type === 'next' ? step.item?.taskId : undefined;
      const position = walk.queue.position(gone ?? 'task-unknown', walk.now);
      demand(position === undefined, 'position of an item that does not wait must be undefined.', {
        actual: position,
        expected: undefined,
      });
    });
  }),
  eachWalk('QD-06 counts what waits', (subject, walk, steps) => {
    walk.walk(steps, (step) => {
      forgetYielded(walk, step);
      const actual = { all: walk.queue.size, ...counts((priority) => walk.queue.sizeOf(priority)) };
      const expected = { all: walk.waiting.size, ...counts((priority) => waitingOf(walk, priority).length) };
      const sentence = 'size and sizeOf must count the waiting items, in all and per class.';
      demand(isDeepStrictEqual(actual, expected), sentence, { actual, expected });
    });
  }),
  {
    name: 'QD-07 shows the oldest and the newest of a class and leaves them in place',
    run({ createQueue }) {
      const queue = createQueue();
      for (const priority of CLASSES) checkPeek(queue, priority, []);
      const items = Array.from({ length: 12 }, (_, index) => plainItem(index, CLASSES[index % 2]!));
      for (const item of items) queue.enqueue(item);
      for (const taskId of ['task-0', 'task-5', 'task-10', 'task-11']) queue.remove(taskId);
      const kept = items.filter((_, index) => ![0, 5, 10, 11].includes(index));
      for (const priority of CLASSES) checkPeek(queue, priority, kept);
    },
  },
  eachWalk('QD-08 puts a requeued item at the head of its flow', (subject, walk, steps) => {
    walk.walk(steps, (step) => forgetYielded(walk, step));
    const lost = walk.queue.next(walk.now);
    if (!lost) return;
    walk.waiting.delete(lost.taskId);
    walk.queue.requeue(lost);
    const ofFlow = walk.drain().filter((item) => subject.flowOf(item) === subject.flowOf(lost));
    const mayPass = (item: QueueItem) => subject.order === 'deadline' && isDueBefore(item, lost);
    const first = ofFlow.find((item) => !mayPass(item));
    demand(first?.taskId === lost.taskId, 'A requeued item must be the first of its flow that is dispatched again.', {
      actual: first?.taskId,
      expected: lost.taskId,
    });
  }),
  {
    name: 'QD-09 shares nothing between two queues',
    run({ createQueue }) {
      const [one, other] = [createQueue(), createQueue()];
      one.enqueue(plainItem(1, 'interactive'));
      const isApart = other.size === 0 && other.next(0) === undefined && !other.remove('task-1') && one.size === 1;
      demand(isApart, 'An item of one queue showed in another; createQueue must make a new structure each time.');
    },
  },
  {
    name: 'QD-10 gives the same answers to the same calls, also when it is looked at',
    run({ createQueue }) {
      for (let seed = 0; seed < SEEDS; seed++) {
        const [quiet, watched] = [record(createQueue(), seed, false), record(createQueue(), seed, true)];
        demand(
          isDeepStrictEqual(watched, quiet),
          'The same calls gave other answers; use no clock and no randomness, and change nothing in position and peek.',
          { actual: watched, expected: quiet },
        );
      }
    },
  },
];

/** Runs a check over walks of growing length, one per seed. */
function eachWalk(name: string, examine: (subject: QueueSubject, walk: QueueWalk, steps: number) => void): QueueCheck {
  return {
    name,
    run(subject) {
      for (let seed = 0; seed < SEEDS; seed++)
        examine(subject, new QueueWalk(subject.createQueue(), seed), 1 + seed * 6);
    },
  };
}

function checkYielded(walk: QueueWalk, item: QueueItem | undefined): void {
  if (!item) {
    demand(walk.waiting.size === 0, 'next returned undefined although items wait; it must always name one.');
    return;
  }
  const expected = walk.waiting.get(item.taskId);
  demand(isDeepStrictEqual(item, expected), 'next yielded an item that does not wait, or a changed one.', {
    actual: item,
    expected,
  });
  walk.waiting.delete(item.taskId);
}

function checkFirst(flows: Flows, item: QueueItem): void {
  const expected = flows.first(item);
  const sentence = 'An item overtook one of its flow that had to go before it.';
  demand(item.taskId === expected, sentence, { actual: item.taskId, expected });
}

function checkRemoval(queue: QueueDiscipline, step: Step & { type: 'remove' }, sizeBefore: number): void {
  demand(step.answer === step.wasWaiting, `remove of ${step.taskId} must say whether it was waiting.`, {
    actual: step.answer,
    expected: step.wasWaiting,
  });
  const expected = sizeBefore - (step.wasWaiting ? 1 : 0);
  demand(queue.size === expected, 'remove changed the number of waiting items by more or less than one.', {
    actual: queue.size,
    expected,
  });
}

function checkPeek(queue: QueueDiscipline, priority: PriorityClass, waiting: readonly QueueItem[]): void {
  const ofClass = waiting.filter((item) => item.priority === priority).map(({ taskId }) => taskId);
  const size = queue.size;
  const actual = [queue.peek(priority, 'oldest')?.taskId, queue.peek(priority, 'newest')?.taskId];
  const expected = [ofClass.at(0), ofClass.at(-1)];
  demand(isDeepStrictEqual(actual, expected), `peek must show the oldest and newest item of ${priority}.`, {
    actual,
    expected,
  });
  demand(queue.size === size, 'peek took an item out; it must leave the queue as it is.');
}

function forgetYielded(walk: QueueWalk, step: Step): void {
  if (step.type === 'next' && step.item) walk.waiting.delete(step.item.taskId);
}

function waitingOf(walk: QueueWalk, priority: PriorityClass): QueueItem[] {
  return [...walk.waiting.values()].filter((item) => item.priority === priority);
}

function counts(count: (priority: PriorityClass) => number): Record<PriorityClass, number> {
  return { interactive: count('interactive'), batch: count('batch') };
}

function plainItem(index: number, priority: PriorityClass): QueueItem {
  return { taskId: `task-${index}`, priority, enqueuedAt: index };
}

/** What a queue answers on a walk; `isWatched` looks at it between the calls. */
function record(queue: QueueDiscipline, seed: number, isWatched: boolean): (string | undefined)[] {
  const walk = new QueueWalk(queue, seed);
  const answers: (string | undefined)[] = [];
  walk.walk(150, (step) => {
    forgetYielded(walk, step);
    if (step.type === 'next') answers.push(step.item?.taskId);
    if (isWatched) look(walk);
  });
  return [...answers, ...walk.drain().map(({ taskId }) => taskId)];
}

function look({ queue, waiting, now }: QueueWalk): void {
  for (const taskId of waiting.keys()) queue.position(taskId, now);
  for (const priority of CLASSES) {
    queue.peek(priority, 'oldest');
    queue.peek(priority, 'newest');
  }
}
