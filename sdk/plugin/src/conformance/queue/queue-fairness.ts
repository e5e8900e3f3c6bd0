import { type QueueDiscipline, type QueueItem } from '../../contracts/queue.js';
import { demand } from '../demand.js';
import { type Check, type Skip, skip } from '../kit.js';
import { SeededRandom } from '../seeded-random.js';
import { type QueueSubject } from './queue-kit.js';

/** Two flows that a discipline serves by weight, such as two tenants of one class. */
export interface FairPair {
  /** What tells their items from each other: `[{ tenantId: 'a' }, { tenantId: 'b' }]`. */
  readonly flows: readonly [Partial<QueueItem>, Partial<QueueItem>];
  readonly weights: readonly [number, number];
  /** Tokens that a flow of weight 1 gets per round. */
  readonly quantum: number;
}

const DEAREST = 2_000;
const DISPATCHES = 3_000;
const WAITING = 4;

export const fairnessChecks: readonly Check<QueueSubject>[] = [
  {
    name: 'QD-15 serves flows that always wait within one item and one quantum of their weights',
    run: (subject) => eachPair(subject, (pair, seed) => serve(subject.createQueue(), pair, seed, (item) => item.cost!)),
  },
  {
    name: 'QD-16 keeps to the weights in what was settled, not in what was expected',
    run(subject) {
      if (subject.createQueue().settle === undefined) return skip('the discipline has no settle');
      return eachPair(subject, (pair, seed) => {
        const random = new SeededRandom(seed + 1_000);
        const queue = subject.createQueue();
        serve(queue, pair, seed, (item) => {
          const cost = 1 + random.below(DEAREST);
          queue.settle!(item, cost);
          return cost;
        });
      });
    },
  },
];

function eachPair({ fairBetween }: QueueSubject, examine: (pair: FairPair, seed: number) => void): Skip | void {
  if (fairBetween.length === 0) return skip('the discipline declares no flows that it serves by weight');
  for (const pair of fairBetween) for (let seed = 0; seed < 3; seed++) examine(pair, seed);
}

/** Keeps both flows waiting and compares what they got after each dispatch. */
function serve(queue: QueueDiscipline, pair: FairPair, seed: number, costOf: (item: QueueItem) => number): void {
  const random = new SeededRandom(seed);
  const flowOf = new Map<string, 0 | 1>();
  const served: [number, number] = [0, 0];
  const enqueue = (flow: 0 | 1) => {
    const taskId = `task-${flowOf.size}`;
    flowOf.set(taskId, flow);
    const plain = {
      taskId,
      priority: 'interactive',
      enqueuedAt: flowOf.size,
      cost: 1 + random.below(DEAREST),
    } as const;
    queue.enqueue({ ...plain, ...pair.flows[flow] });
  };
  for (let count = 0; count < WAITING; count++) [0 as const, 1 as const].forEach(enqueue);
  for (let count = 0; count < DISPATCHES; count++) {
    const item = queue.next(count);
    demand(item !== undefined, 'next returned undefined although items wait; it must always name one.');
    const flow = flowOf.get(item.taskId)!;
    served[flow] += costOf(item) / pair.weights[flow];
    enqueue(flow);
    checkGap(served, pair);
  }
}

function checkGap(served: readonly [number, number], { weights, quantum }: FairPair): void {
  const actual = Math.abs(served[0] - served[1]);
  const expected = quantum + DEAREST / Math.min(...weights);
  const sentence =
    'Two flows that always wait have drifted apart by more tokens, per weight, than one item and a quantum.';
  demand(actual <= expected, sentence, { actual, expected });
}
