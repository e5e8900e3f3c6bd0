import { type QueueDiscipline, type QueueItem } from '@llama-orch/plugin-sdk';
import { type PoolId, type TaskKey, poolId, replicaId } from '../../kernel/ids.js';
import { corePool } from '../../../test/properties/support/core-model.js';
import { type SchedulerCommand, type SchedulerEvent, type SchedulerState, emptyState } from './model.js';
import { step } from './step.js';

const P: PoolId = poolId('pool-0');
const KEY = 't/1' as TaskKey;
const item: QueueItem = { taskId: KEY, priority: 'batch', enqueuedAt: 0, cost: 100 };
const REPLICA = { type: 'replica-ready', poolId: P, replicaId: replicaId(P, 0), slots: 1, labels: {}, interruptible: true, now: 0 } as const; // prettier-ignore

/** One pool with one slot, and what its discipline was told. */
class Bench {
  readonly settled: (readonly [string, number])[] = [];
  private state: SchedulerState = emptyState();

  constructor(preemption?: { mode: 'hard'; mostPerMinute: number; protect: [] }) {
    const policies = { interactive: 'reject', batch: 'reject' } as const;
    const setup = { capacity: 9, classCapacity: { interactive: 9, batch: 9 }, batchMaxWaitMs: 0, slots: [] };
    const pool = corePool(0, { ...setup, fullPolicy: policies, ...(preemption && { preemption }) });
    const settle: QueueDiscipline['settle'] = ({ taskId }, cost) => void this.settled.push([taskId, cost]);
    this.state.pools.set(P, { ...pool, queue: Object.assign(pool.queue, { settle }) });
    this.take({ ...REPLICA, epoch: 1 });
  }

  take(event: SchedulerEvent): readonly SchedulerCommand[] {
    const [state, commands] = step(this.state, event);
    this.state = state;
    return commands;
  }

  /** The lease of a task that starts at once. */
  start(one: QueueItem = item): number {
    const key = one.taskId as TaskKey;
    const commands = this.take({ type: 'submitted', key, poolId: P, item: one, now: 0 });
    return commands.find((command) => command.type === 'dispatch')!.lease;
  }

  release(lease: number, cost?: number): void {
    this.take({ type: 'lease-released', lease, now: 1, ...(cost !== undefined && { cost }) });
  }
}

describe('the discipline is told what a dispatch cost', () => {
  it('once, when the slot comes back, also of a cancelled task (ORCH-4408)', () => {
    const bench = new Bench();
    const lease = bench.start();
    bench.take({ type: 'cancelled', key: KEY, reason: 'client', now: 1 });
    expect(bench.settled).toEqual([]);
    bench.release(lease, 37);
    bench.release(lease, 37);
    expect(bench.settled).toEqual([[KEY, 37]]);
  });

  it('not when nobody counted (ORCH-4408)', () => {
    const bench = new Bench();
    bench.release(bench.start());
    expect(bench.settled).toEqual([]);
  });

  it('not of a run whose engine was lost and whose task is back in the queue (ORCH-4408)', () => {
    const bench = new Bench();
    const lost = bench.start();
    const commands = bench.take({ type: 'run-failed', key: KEY, lease: lost, code: 'WORKER_RESET', message: '', engineLost: true, now: 1 }); // prettier-ignore
    expect(commands.map(({ type }) => type)).toEqual(['requeue']);
    bench.take({ type: 'cancelled', key: KEY, reason: 'client', now: 1 });
    bench.release(lost, 37);
    expect(bench.settled).toEqual([]);
  });

  it('not of a suspended run whose task goes on later, but of the run that ends it (ORCH-4408)', () => {
    const bench = new Bench({ mode: 'hard', mostPerMinute: 10, protect: [] });
    const lease = bench.start();
    bench.take({ type: 'first-token', key: KEY });
    const urgent: QueueItem = { ...item, taskId: 't/2', priority: 'interactive' };
    const commands = bench.take({ type: 'submitted', key: 't/2' as TaskKey, poolId: P, item: urgent, now: 1 });
    expect(commands.map(({ type }) => type)).toEqual(['accept', 'suspend']);
    bench.release(lease, 37);
    expect(bench.settled).toEqual([]);
    bench.release(lease + 1, 50);
    bench.release(lease + 2, 80);
    expect(bench.settled).toEqual([
      ['t/2', 50],
      [KEY, 80],
    ]);
  });
});
