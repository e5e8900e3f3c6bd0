import fc from 'fast-check';
import { type PriorityClass, type QueueItem } from '@llama-orch/plugin-sdk';
import { type Wfq } from '../src/wfq.js';
import { Items, newWfq } from './support.js';

const SEED = 20_260_101;
const QUANTUM = 512;
const cost = fc.integer({ min: 1, max: 4_000 });

/** Tokens per flow after each dispatch, while every flow always has `waiting` items. */
function serve(queue: Wfq, flows: readonly Partial<QueueItem>[], costs: readonly number[], dispatches: number) {
  const items = new Items();
  const flowOf = new Map<string, number>();
  const served = flows.map(() => 0);
  const history: number[][] = [];
  const enqueue = (flow: number) => {
    const item = items.of({ ...flows[flow]!, cost: costs[flowOf.size % costs.length]! });
    flowOf.set(item.taskId, flow);
    queue.enqueue(item);
  };
  for (let flow = 0; flow < 3 * flows.length; flow++) enqueue(flow % flows.length);
  for (let count = 0; count < dispatches; count++) {
    const item = queue.next()!;
    const flow = flowOf.get(item.taskId)!;
    served[flow]! += item.cost!;
    enqueue(flow);
    history.push([...served]);
  }
  return history;
}

describe('wfq, in general', () => {
  it('keeps equal flows that always wait within one request and one quantum (ORCH-4408, ORCH-3075)', () => {
    const flows = ['a', 'b', 'c'].map((tenantId) => ({ tenantId }));
    fc.assert(
      fc.property(
        fc.array(cost, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 5_000 }),
        (costs, quantum) => {
          const dearest = Math.max(...costs);
          for (const served of serve(newWfq({ quantum }), flows, costs, 300)) {
            expect(Math.max(...served) - Math.min(...served)).toBeLessThanOrEqual(dearest + quantum);
          }
        },
      ),
      { seed: SEED, numRuns: 60 },
    );
  });

  it('serves classes 8 to 1 within 2 % of the tokens of 10,000 tasks (ORCH-4408, ORCH-3076)', () => {
    const flows = (['interactive', 'batch'] as const).map((priority: PriorityClass) => ({ priority }));
    fc.assert(
      fc.property(fc.array(cost, { minLength: 5, maxLength: 40 }), (costs) => {
        const [interactive, batch] = serve(newWfq(), flows, costs, 10_000).at(-1)!;
        const share = interactive! / (interactive! + batch!);
        expect(Math.abs(share / (8 / 9) - 1)).toBeLessThan(0.02);
        expect(Math.abs((1 - share) / (1 / 9) - 1)).toBeLessThan(0.02);
      }),
      { seed: SEED, numRuns: 8 },
    );
  });

  it('serves tenants 1 to 3 within 0.10 after 400 tasks (ORCH-3076)', () => {
    const flows = [{ tenantId: 'a' }, { tenantId: 'b' }];
    fc.assert(
      fc.property(fc.array(cost, { minLength: 5, maxLength: 40 }), (costs) => {
        const [a, b] = serve(newWfq({}, { tenantWeights: { b: 3 } }), flows, costs, 400).at(-1)!;
        expect(Math.abs(b! / (a! + b!) - 0.75)).toBeLessThan(0.1);
      }),
      { seed: SEED, numRuns: 40 },
    );
  });

  it('tells positions that come true, whatever was enqueued, removed, settled and requeued (ORCH-4402)', () => {
    const call = fc.record({
      kind: fc.constantFrom('enqueue', 'enqueue', 'enqueue', 'next', 'remove', 'settle', 'requeue'),
      flow: fc.integer({ min: 0, max: 11 }),
      cost,
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 80 }), (calls) => {
        const queue = newWfq({ quantum: QUANTUM });
        const waiting = replay(queue, calls);
        const told = new Map([...waiting].map((taskId) => [taskId, queue.position(taskId)]));
        const listed = [...queue.order()].map(({ taskId }) => taskId);
        const drained = Array.from({ length: queue.size }, () => queue.next()!.taskId);
        expect(listed).toEqual(drained);
        expect([...told].sort(([, a], [, b]) => a! - b!).map(([taskId]) => taskId)).toEqual(drained);
        expect([queue.size, queue.next()]).toEqual([0, undefined]);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it('keeps the 95th percentile of a quiet tenant when the other sends 100 times as much (ORCH-3075)', () => {
    const calm = quietP95(1);
    expect(calm).toBeGreaterThan(0);
    expect(quietP95(100)).toBeLessThanOrEqual(1.1 * calm);
  });
});

function replay(queue: Wfq, calls: readonly { kind: string; flow: number; cost: number }[]): Set<string> {
  const items = new Items();
  const waiting = new Set<string>();
  const running: QueueItem[] = [];
  for (const { kind, flow, cost: tokens } of calls) {
    if (kind === 'enqueue') {
      const [tenantId, sessionId] = [`t${flow % 3}`, `s${flow % 2}`];
      const item = items.of({ tenantId, sessionId, priority: flow % 4 === 0 ? 'batch' : 'interactive', cost: tokens });
      queue.enqueue(item);
      waiting.add(item.taskId);
    } else if (kind === 'next') {
      const item = queue.next();
      if (item === undefined) continue;
      waiting.delete(item.taskId);
      running.push(item);
    } else if (kind === 'remove') {
      const taskId = [...waiting][flow % Math.max(1, waiting.size)] ?? '';
      expect(queue.remove(taskId)).toBe(waiting.delete(taskId));
    } else {
      const item = running.shift();
      if (item === undefined) continue;
      if (kind === 'settle') queue.settle(item, tokens);
      else {
        queue.requeue(item);
        waiting.add(item.taskId);
      }
    }
  }
  return waiting;
}

/**
 * Queue time of a tenant that uses a third of four slots, while another offers `factor` times the load that fills them.
 * Time in tokens of one slot.
 */
function quietP95(factor: number): number {
  const [slots, tokens, tasks] = [4, 400, 2_000];
  const [queue, items] = [newWfq(), new Items()];
  const freeAt = Array.from({ length: slots }, () => 0);
  const waits: number[] = [];
  const every = { quiet: (3 * tokens) / slots, loud: tokens / slots / factor };
  const nextAt = { quiet: 0, loud: 0 };
  const arrive = (until: number) => {
    for (const tenantId of ['loud', 'quiet'] as const) {
      for (; nextAt[tenantId] <= until; nextAt[tenantId] += every[tenantId]) {
        queue.enqueue(items.of({ tenantId, enqueuedAt: nextAt[tenantId], cost: tokens }));
      }
    }
  };
  while (waits.length < tasks) {
    const now = Math.min(...freeAt);
    arrive(now);
    const item = queue.next();
    const slot = freeAt.indexOf(now);
    if (item === undefined) {
      freeAt[slot] = Math.min(nextAt.quiet, nextAt.loud);
      continue;
    }
    if (item.tenantId === 'quiet') waits.push(now - item.enqueuedAt);
    freeAt[slot] = now + tokens * (0.5 + (waits.length % 11) / 10);
  }
  return waits.sort((a, b) => a - b)[Math.floor(0.95 * waits.length)]!;
}
