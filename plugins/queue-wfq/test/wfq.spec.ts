import { type QueueItem } from '@llama-orch/plugin-sdk';
import wfq from '../src/index.js';
import { FairLevel } from '../src/fair-level.js';
import { Leaf } from '../src/branch.js';
import { LinkedLane } from '../src/linked-lane.js';
import { drain, Items, newWfq } from './support.js';

const tenantsOf = (items: readonly QueueItem[]) => items.map(({ tenantId }) => tenantId).join('');

describe('wfq', () => {
  it('lets tenants take turns of a quantum, counted in tokens (ORCH-3075, ORCH-4408)', () => {
    const [queue, items] = [newWfq({ quantum: 200 }), new Items()];
    for (let count = 0; count < 6; count++) queue.enqueue(items.of({ tenantId: 'a', cost: 100 }));
    for (let count = 0; count < 3; count++) queue.enqueue(items.of({ tenantId: 'b', cost: 200 }));
    expect(tenantsOf(drain(queue))).toBe('aabaabaab');
  });

  it('gives tenants what they weigh, by the facts of the pool before the options (ORCH-4408)', () => {
    const [queue, items] = [
      newWfq({ quantum: 100, tenant_weights: { a: 5 } }, { tenantWeights: { a: 2 } }),
      new Items(),
    ];
    for (const tenantId of 'aaaabb') queue.enqueue(items.of({ tenantId }));
    expect(tenantsOf(drain(queue))).toBe('aabaab');
  });

  it('lets sessions of a tenant take turns, tasks without one together (ORCH-4408)', () => {
    const [queue, items] = [newWfq({ quantum: 100 }), new Items()];
    for (const sessionId of ['x', 'x', 'x', 'y', undefined, undefined]) {
      queue.enqueue(items.of({ tenantId: 'a', ...(sessionId !== undefined && { sessionId }) }));
    }
    expect(drain(queue).map(({ sessionId }) => sessionId ?? '-')).toEqual(['x', 'y', '-', 'x', '-', 'x']);
  });

  it('takes class weights from the facts of the pool, each by itself (ORCH-4408)', () => {
    const [queue, items] = [newWfq({ quantum: 100 }, { classWeights: { interactive: 2 } }), new Items()];
    for (const letter of 'iiiibb') queue.enqueue(items.of({ priority: letter === 'i' ? 'interactive' : 'batch' }));
    expect(drain(queue).map(({ priority }) => priority[0]).join('')).toBe('iibiib'); // prettier-ignore
  });

  it('keeps no credit for a flow that was idle (ORCH-4408)', () => {
    const [queue, items] = [newWfq({ quantum: 100 }), new Items()];
    const add = (tenantId: string) => queue.enqueue(items.of({ tenantId }));
    for (let count = 0; count < 40; count++) add('busy');
    for (let count = 0; count < 30; count++) queue.next();
    for (let count = 0; count < 5; count++) add('late');
    const next = Array.from({ length: 10 }, () => queue.next()!);
    expect(tenantsOf(next).match(/late/g)).toHaveLength(5);
    expect(tenantsOf(next.slice(0, 4)).match(/late/g)).toHaveLength(2);
  });

  it('remembers a debt: one dear task at a time is no way around the weights (ORCH-4408)', () => {
    const [queue, items] = [newWfq({ quantum: 100 }), new Items()];
    const served = { dear: 0, cheap: 0 };
    for (let count = 0; count < 4; count++) queue.enqueue(items.of({ tenantId: 'cheap', cost: 50 }));
    queue.enqueue(items.of({ tenantId: 'dear', cost: 1_000 }));
    for (let count = 0; count < 2_000; count++) {
      const { tenantId, cost } = queue.next()!;
      served[tenantId as 'dear' | 'cheap'] += cost!;
      queue.enqueue(items.of({ tenantId: tenantId!, cost: cost! }));
    }
    expect(Math.abs(served.dear - served.cheap)).toBeLessThanOrEqual(1_000 + 100);
  });

  it('does not starve one who waits behind flows that come anew for each task (ORCH-4408)', () => {
    const [queue, items] = [newWfq({ quantum: 100 }), new Items()];
    for (let count = 0; count < 3; count++) queue.enqueue(items.of({ tenantId: 'a', sessionId: 'long' }));
    const order: string[] = [];
    for (let count = 0; count < 8; count++) {
      queue.enqueue(items.of({ tenantId: 'a', sessionId: `once-${count}`, cost: 10 }));
      order.push(queue.next()!.sessionId!);
    }
    expect(order.filter((sessionId) => sessionId === 'long')).toHaveLength(3);
  });

  it('charges what a task cost in the end: estimates that are too low win nothing (ORCH-4408)', () => {
    const [queue, items] = [newWfq({ quantum: 100 }), new Items()];
    const served = { honest: 0, modest: 0 };
    for (const tenantId of ['honest', 'modest', 'honest', 'modest']) {
      queue.enqueue(items.of({ tenantId, cost: tenantId === 'honest' ? 300 : 1 }));
    }
    for (let count = 0; count < 1_000; count++) {
      const item = queue.next()!;
      served[item.tenantId as 'honest' | 'modest'] += 300;
      queue.enqueue(items.of({ tenantId: item.tenantId!, cost: item.cost! }));
      queue.settle(item, 300);
    }
    expect(Math.abs(served.honest - served.modest)).toBeLessThanOrEqual(300 + 100);
  });

  it('gives nothing back of a charge that is forgotten: nobody saves up credit in quiet times (ORCH-4408)', () => {
    const [queue, items] = [newWfq({ quantum: 100 }), new Items()];
    const quiet = Array.from({ length: 5 }, () => items.of({ tenantId: 'saver', cost: 5_000 }));
    for (const item of quiet) {
      queue.enqueue(item);
      queue.next();
    }
    for (let count = 0; count < 8; count++) for (const tenantId of 'ab') queue.enqueue(items.of({ tenantId }));
    for (let count = 0; count < 8; count++) queue.enqueue(items.of({ tenantId: 'saver' }));
    for (const item of quiet) queue.settle(item, 0);
    expect(tenantsOf(drain(queue)).slice(0, 14)).toBe('absaverabsaver');
  });

  it('gives back what proves cheaper where the charge counts (ORCH-4408)', () => {
    const [queue, items] = [newWfq({ quantum: 100 }), new Items()];
    for (let count = 0; count < 90; count++)
      for (const tenantId of 'ab') queue.enqueue(items.of({ tenantId, cost: 300 }));
    const served: QueueItem[] = [];
    while (served.length < 100) {
      const item = queue.next()!;
      served.push(item);
      // Late, as in life: two others are dispatched meanwhile.
      const over = served.at(-3);
      if (over?.tenantId === 'a') queue.settle(over, 100);
      else if (over !== undefined) queue.settle(over, 300);
    }
    const ofCheap = served.filter(({ tenantId }) => tenantId === 'a').length;
    expect(Math.abs(ofCheap - 75)).toBeLessThanOrEqual(4);
  });

  it('never puts a flow back for good: after any correction it is served again (ORCH-4408)', () => {
    const [queue, items] = [newWfq({ quantum: 1_000 }), new Items()];
    const first = items.of({ tenantId: 'a' });
    queue.enqueue(first);
    for (let count = 0; count < 30_000; count++) queue.enqueue(items.of({ tenantId: 'b' }));
    queue.next();
    queue.settle(first, Number.MAX_SAFE_INTEGER);
    queue.enqueue(items.of({ tenantId: 'a' }));
    // A million tokens of debt are 10 000 tasks of the other tenant.
    for (let count = 0; count < 10_100; count++) queue.next();
    expect(queue.sizeOf('interactive')).toBe(30_001 - 10_100);
    expect([...queue.order()].some(({ tenantId }) => tenantId === 'a')).toBe(false);
  });

  it('gives the charge of a requeued task back: its flow is behind by nothing but the turn it had (ORCH-4402)', () => {
    const [queue, items] = [newWfq({ quantum: 100 }), new Items()];
    for (const tenantId of 'aabbab') queue.enqueue(items.of({ tenantId, cost: 1_000 }));
    queue.requeue(queue.next()!);
    expect(drain(queue).map(({ taskId }) => taskId.slice(5)).join('')).toBe('203154'); // prettier-ignore
  });

  it('shows the oldest and the newest of a class over all its flows, requeued ones by arrival (ORCH-4404)', () => {
    const [queue, items] = [newWfq(), new Items()];
    for (const tenantId of ['a', 'b', 'a', 'c']) queue.enqueue(items.of({ tenantId }));
    const lost = queue.next()!;
    expect([queue.peek('interactive', 'oldest')?.taskId, queue.peek('interactive', 'newest')?.taskId]).toEqual([
      'task-1',
      'task-3',
    ]);
    queue.requeue(lost);
    expect(queue.peek('interactive', 'oldest')?.taskId).toBe('task-0');
    expect(queue.peek('batch', 'newest')).toBeUndefined();
  });

  it('counts a task whose cost nobody knows as one of 512 tokens, and none as free (ORCH-4408)', () => {
    const [queue, items] = [newWfq({ quantum: 512 }), new Items()];
    const { cost: _unknown, ...unknown } = items.of({ tenantId: 'a' });
    for (let at = 0; at < 2; at++) queue.enqueue({ ...unknown, taskId: `unknown-${at}` });
    for (let count = 0; count < 600; count++) queue.enqueue(items.of({ tenantId: 'b', cost: -7 }));
    expect(tenantsOf(drain(queue).slice(0, 514))).toBe(`a${'b'.repeat(512)}a`);
  });

  it('shows whose share is what, from the tokens of the last dispatches (ORCH-3076)', () => {
    const [queue, items] = [newWfq({ tenant_weights: { b: 3 } }), new Items()];
    for (let count = 0; count < 400; count++)
      for (const tenantId of 'ab') queue.enqueue(items.of({ tenantId, cost: 20 }));
    expect(queue.shares()).toEqual([]);
    for (let count = 0; count < 400; count++) queue.next();
    const share = (tenant: string) => queue.shares().find(({ tenantId }) => tenantId === tenant)!;
    expect(share('a')).toMatchObject({ priority: 'interactive' });
    expect(share('a').share + share('b').share).toBeCloseTo(1, 9);
  });

  it('averages to the weights, and forgets tenants that are gone (ORCH-3076)', () => {
    const [queue, items] = [newWfq({ quantum: 20, tenant_weights: { b: 3 } }), new Items()];
    for (let count = 0; count < 400; count++)
      for (const tenantId of 'ab') queue.enqueue(items.of({ tenantId, cost: 20 }));
    for (let count = 0; count < 400; count++) queue.next();
    expect(queue.shares().find(({ tenantId }) => tenantId === 'b')!.share).toBeCloseTo(0.75, 1);
    for (let count = 0; count < 10_000; count++) {
      queue.enqueue(items.of({ tenantId: `passing-${count}`, priority: 'batch' }));
      queue.next();
    }
    expect(queue.shares().length).toBeLessThan(300);
  });

  it('remembers flows with work and those that owe, not those that have been (OC-CORE-1003)', () => {
    const rules = { keyOf: ({ tenantId = '' }: QueueItem) => tenantId, quantumOf: () => 100 };
    const level = new FairLevel({ ...rules, newBranch: () => new Leaf(new LinkedLane()) });
    const items = new Items();
    level.add(items.of({ tenantId: 'waits' }), 'last');
    for (let count = 0; count < 5_000; count++) {
      level.add(items.of({ tenantId: 'waits' }), 'last');
      level.add(items.of({ tenantId: `passing-${count}`, cost: 250 }), 'last');
      level.takeFirst();
      level.takeFirst();
    }
    expect(level.remembered).toBeLessThan(level.size + 10);
    while (level.takeFirst() !== undefined);
    expect(level.remembered).toBe(0);
  });

  it('takes its options, defaults of 8 to 1, 512 and 0.05, and no other (ORCH-4701)', () => {
    expect(wfq.options.parse({})).toEqual({
      quantum: 512,
      class_weights: { interactive: 8, batch: 1 },
      tenant_weights: {},
      share_alpha: 0.05,
    });
    for (const refused of [
      { quantum: 0 },
      { class_weights: { other: 1 } },
      { tenant_weights: { a: 0 } },
      { weights: {} },
    ]) {
      expect(wfq.options.safeParse(refused).success).toBe(false);
    }
  });
});
