import { createHash } from 'node:crypto';
import { type QueueItem } from '@llama-orch/plugin-sdk';
import { Items, newWfq } from './support.js';

/** Repeatable whole numbers below a limit. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Everything that a queue answers to 20 000 calls with fractions in weights and costs. */
function digest(): string {
  const [queue, items, below] = [
    newWfq({ quantum: 333, tenant_weights: { t3: 2.7, t5: 0.31 } }),
    new Items(),
    numbers(5),
  ];
  const hash = createHash('sha256');
  const running: QueueItem[] = [];
  for (let count = 0; count < 20_000; count++) {
    const choice = below(100);
    if (choice < 50) {
      const [tenantId, sessionId] = [`t${below(12)}`, `s${below(3)}`];
      const cost = below(3_000) + below(1_000) / 1_000;
      queue.enqueue(items.of({ tenantId, sessionId, cost, priority: below(3) === 0 ? 'batch' : 'interactive' }));
    } else if (choice < 80) {
      const item = queue.next();
      if (item !== undefined) running.push(item);
      hash.update(`${item?.taskId} `);
    } else if (choice < 97) {
      const item = running.shift();
      if (item !== undefined) queue.settle(item, below(4_000) / 3);
    } else if (running.length > 0) queue.requeue(running.pop()!);
    if (count % 500 === 0)
      hash.update(JSON.stringify([queue.shares(), [...queue.order()].map(({ taskId }) => taskId)]));
  }
  return hash.digest('hex');
}

describe('wfq, on any engine', () => {
  it('gives the same answers, bit for bit (ORCH-4402, ORCH-3076)', () => {
    expect(digest()).toBe('e2efc42ebd0e088799052798f26224defbf882bef15e46a628b96e6bed73bac7');
  });
});
