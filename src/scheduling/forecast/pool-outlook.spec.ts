import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { corePool } from '../../../test/properties/support/core-model.js';
import { type TaskId, replicaId } from '../../kernel/ids.js';
import { SeededRandom } from '../../kernel/random.js';
import { TaskLog } from '../../tasks/task-log.js';
import { Task, type TaskRequest } from '../../tasks/task.js';
import { type PreemptionRules } from '../core/preemption.js';
import { PoolOutlook } from './pool-outlook.js';

const RATES = { prefill: 1000, decode: 100 };

/** A running task that has brought this many tokens. */
function streaming(task: Task, tokens: number): void {
  task.firstTokenAt = 100;
  task.tokensOut = tokens;
}

function newcomer(priority: PriorityClass) {
  const request = { priority, maxTokens: 90, expectedTokens: 90, tenantId: 'd', sessionId: null };
  return { request, promptTokens: 100, deadlineAt: undefined };
}

/** A pool with one replica; tasks take 1 s, 100 ms of it to read the prompt. */
function outlookOn(slots: number, capacity = 8, preemption?: PreemptionRules) {
  const classCapacity = { interactive: capacity, batch: capacity };
  const fullPolicy = { interactive: 'reject', batch: 'reject' } as const;
  const pool = corePool(0, {
    capacity,
    classCapacity,
    fullPolicy,
    batchMaxWaitMs: 0,
    slots: [],
    ...(preemption && { preemption }),
  });
  const id = replicaId(pool.id, 0);
  const replica = {
    id,
    labels: {},
    epoch: 1,
    interruptible: preemption !== undefined,
    slots,
    busy: 0,
    ready: true,
    dispatches: 0,
  };
  pool.replicas.set(id, replica);
  const outlook = new PoolOutlook(pool, RATES, new SeededRandom(1));
  let count = 0;
  const waiting = (facts: Partial<TaskRequest> = {}): Task => {
    const priority = facts.priority ?? 'interactive';
    const request = {
      id: `t${count++}` as TaskId,
      tenantId: 'd',
      maxTokens: 90,
      expectedTokens: 90,
      receivedAt: 0,
      priority,
      ...facts,
    };
    const task = new Task(request as TaskRequest, pool.id, 'mock', { tokens: 100, counted: true }, new TaskLog(1000));
    pool.queue.enqueue({ taskId: task.key, priority, enqueuedAt: 0 });
    outlook.enqueued(task, { p50: 0, p90: 0 }, 0);
    return task;
  };
  const dispatch = (task: Task, now = 0): Task => {
    pool.queue.remove(task.key);
    replica.busy++;
    task.moveTo('dispatched');
    task.dispatchedAt = now;
    outlook.dispatched(task, now);
    return task;
  };
  const end = (task: Task, now: number): void => {
    task.endedAt = now;
    task.moveTo('completed');
    replica.busy--;
    outlook.ended(task);
  };
  return { outlook, pool, replica, waiting, dispatch, end };
}

describe('the outlook of a pool', () => {
  it('promises a start at once while a slot is free (ORCH-4406)', () => {
    const { outlook, waiting, dispatch } = outlookOn(2);
    expect(outlook.startAfter(0, 0)).toEqual({ p50: 0, p90: 0 });
    dispatch(waiting());
    expect([outlook.hasFreeSlot, outlook.startAfter(0, 0)]).toEqual([true, { p50: 0, p90: 0 }]);
    dispatch(waiting());
    expect([outlook.hasFreeSlot, outlook.startAfter(0, 0).p50]).toEqual([false, 1000]);
  });

  it('plays the queue out onto the slots that are free first (ORCH-4406)', () => {
    const { outlook, waiting, dispatch } = outlookOn(2);
    streaming(dispatch(waiting(), 0), 15);
    dispatch(waiting(), 400);
    for (let task = 0; task < 3; task++) waiting();
    // 75 tokens are left on one slot, all 90 on the other, whose prompt should be read by now; then each takes a second.
    expect([0, 1, 2, 3].map((ahead) => outlook.startAfter(ahead, 500).p50)).toEqual([750, 901, 1750, 1901]);
  });

  it('lets interactive work that is still to come go before batch work, not before its own class (ORCH-4406)', () => {
    const { outlook, waiting, dispatch, end } = outlookOn(2);
    for (let come = 0; come < 8; come++) end(dispatch(waiting()), 0);
    dispatch(waiting());
    dispatch(waiting());
    for (let task = 0; task < 4; task++) waiting({ priority: 'batch' });
    // Ten have come, for all that is known one each second: one of them first, at each second of the two slots.
    expect(outlook.startAfter(4, 0, 'interactive').p50).toBe(3000);
    expect(outlook.startAfter(4, 0, 'batch').p50).toBe(5000);
    const [none, same] = (['interactive', 'batch'] as const).map((of) => outlook.startAfter(4, 150_000, of).p50);
    expect(same).toBe(none);
  });

  it('never promises more than it fears, nor less than nothing (ORCH-4406)', () => {
    const { outlook, waiting, dispatch } = outlookOn(1);
    dispatch(waiting({ expectedTokens: undefined }));
    for (let ahead = 0; ahead < 5; ahead++) {
      waiting({ expectedTokens: undefined });
      const { p50, p90 } = outlook.startAfter(ahead, 10_000);
      expect(0 <= p50 && p50 <= p90).toBe(true);
    }
  });

  it('takes a requeued task for a waiting one (ORCH-4406)', () => {
    const { outlook, pool, replica, waiting, dispatch } = outlookOn(1);
    const task = dispatch(waiting());
    replica.busy--;
    task.moveTo('queued');
    pool.queue.requeue({ taskId: task.key, priority: 'interactive', enqueuedAt: 0 });
    outlook.requeued(task);
    expect(outlook.startAfter(1, 0).p50).toBe(1000);
    expect(outlook.startAfter(0, 0).p50).toBe(0);
  });

  it('forgets tasks that ended, wherever they were (ORCH-4406)', () => {
    const { outlook, pool, waiting, dispatch, end } = outlookOn(1);
    const [running, cancelled] = [dispatch(waiting()), waiting()];
    pool.queue.remove(cancelled.key);
    cancelled.moveTo('cancelled');
    outlook.ended(cancelled);
    expect(outlook.startAfter(0, 0).p50).toBe(1000);
    end(running, 1000);
    expect(outlook.startAfter(0, 1000)).toEqual({ p50: 0, p90: 0 });
  });

  it('learns speed and length from whole answers only (ORCH-4406)', () => {
    const { outlook, waiting, dispatch, end } = outlookOn(2);
    const task = dispatch(waiting());
    task.moveTo('streaming');
    task.firstTokenAt = 100;
    task.tokensOut = 51;
    outlook.firstToken(task);
    end(task, 1100);
    expect([outlook.estimator.measuredDecodeRate, outlook.meanFirstTokenMs]).toEqual([50, 100]);
    const broken = dispatch(waiting());
    broken.moveTo('streaming');
    broken.firstTokenAt = 100;
    broken.tokensOut = 1000;
    broken.endedAt = 110;
    broken.moveTo('failed');
    outlook.ended(broken);
    expect(outlook.estimator.measuredDecodeRate).toBe(50);
  });

  it('counts whom a newcomer of each class finds before it (ORCH-3029)', () => {
    const { outlook, waiting } = outlookOn(1);
    waiting();
    waiting({ priority: 'batch' });
    waiting({ priority: 'batch' });
    expect([outlook.aheadOf(newcomer('interactive'), 0), outlook.aheadOf(newcomer('batch'), 0)]).toEqual([1, 3]);
  });

  it('counts on a suspension only while one may be made (ORCH-3086, ORCH-4405)', () => {
    const { outlook, pool, waiting, dispatch } = outlookOn(1, 8, { mode: 'hard', mostPerMinute: 1, protect: [] });
    dispatch(waiting({ priority: 'batch' }));
    const start = (now: number) => outlook.startByPreemption(newcomer('interactive'), now);
    expect([start(0)?.p50, outlook.startByPreemption(newcomer('batch'), 0)]).toEqual([0, undefined]);
    pool.suspendedAt.push(0);
    expect([start(59_999), start(60_000)?.p50]).toEqual([undefined, 0]);
  });

  it('asks for no patience while the queue is at most half full, then for as long as a place takes (ORCH-4406)', () => {
    const { outlook, waiting, dispatch } = outlookOn(1, 4);
    const running = dispatch(waiting());
    waiting();
    waiting();
    expect(outlook.backoffMs(0)).toBe(0);
    waiting();
    expect(outlook.backoffMs(0)).toBe(1000);
    streaming(running, 15);
    expect(outlook.backoffMs(400)).toBe(750);
  });

  it('gives refused callers places of their own (ORCH-4304)', () => {
    const { outlook, waiting, dispatch } = outlookOn(1, 1);
    dispatch(waiting());
    waiting();
    const waits = ['a', 'b', 'c'].map((call) => outlook.retryMs({ call, client: 'x', priority: 'interactive' }, 0));
    expect(waits[0]).toBeGreaterThanOrEqual(1000);
    expect(waits[1]! - waits[0]!).toBeGreaterThan(800);
    expect(waits[2]! - waits[1]!).toBeGreaterThan(600);
  });

  it('says how likely a task is on time (ORCH-3081)', () => {
    const { outlook, waiting, dispatch } = outlookOn(2);
    expect(outlook.onTime(dispatch(waiting()), 0)).toBe(1);
    const task = dispatch(waiting({ deadlineMs: 1000 }));
    expect([outlook.onTime(task, 0), outlook.onTime(task, 500), outlook.onTime(task, 1000)]).toEqual([1, 1, 0]);
  });
});
