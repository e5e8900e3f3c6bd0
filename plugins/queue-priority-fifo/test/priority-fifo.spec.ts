import { type PriorityClass, type QueueItem } from '@llama-orch/plugin-sdk';
import priorityFifo from '../src/index.js';
import { PriorityFifo } from '../src/priority-fifo.js';

const MAX_WAIT_MS = 1_000;

function item(taskId: string, enqueuedAt = 0): QueueItem {
  const priority: PriorityClass = taskId.startsWith('b') ? 'batch' : 'interactive';
  return { taskId, priority, enqueuedAt };
}

/** A queue with these tasks; ids that begin with b are batch. */
function queueOf(taskIds: string, batchMaxWaitMs = MAX_WAIT_MS): PriorityFifo {
  const queue = new PriorityFifo(batchMaxWaitMs);
  for (const taskId of taskIds.split(' ')) queue.enqueue(item(taskId));
  return queue;
}

function drain(queue: PriorityFifo, now: number): string {
  const ids: string[] = [];
  for (let next = queue.next(now); next; next = queue.next(now)) ids.push(next.taskId);
  return ids.join(' ');
}

describe('priority-fifo', () => {
  it('lets interactive work go before batch work, each in arrival order (OC-CORE-1004)', () => {
    expect(drain(queueOf('b1 i1 b2 i2 i3'), 0)).toBe('i1 i2 i3 b1 b2');
  });

  it('promotes a batch head that has waited long enough, and not a millisecond before (ORCH-4403)', () => {
    expect(queueOf('i1 b1').next(MAX_WAIT_MS - 1)?.taskId).toBe('i1');
    expect(queueOf('i1 b1').next(MAX_WAIT_MS)?.taskId).toBe('b1');
  });

  it('never promotes twice in a row while interactive work waits (ORCH-4403)', () => {
    expect(drain(queueOf('b1 b2 b3 i1 i2 i3 i4'), MAX_WAIT_MS)).toBe('b1 i1 b2 i2 b3 i3 i4');
  });

  it('counts a turn of batch work as a promotion only when interactive work waited (ORCH-4403)', () => {
    const queue = queueOf('b1 b2');
    expect(queue.next(MAX_WAIT_MS)?.taskId).toBe('b1');
    queue.enqueue(item('i1', MAX_WAIT_MS));
    expect(drain(queue, MAX_WAIT_MS)).toBe('b2 i1');
  });

  it('never promotes when batch_max_wait_ms is 0 (ORCH-4403)', () => {
    expect(drain(queueOf('b1 i1 i2', 0), Number.MAX_SAFE_INTEGER)).toBe('i1 i2 b1');
  });

  it('promotes by the wait of the head: what arrived later waits for its own time (ORCH-4403)', () => {
    const queue = queueOf('b1 i1 i2 i3');
    queue.enqueue(item('b2', 500));
    expect(drain(queue, MAX_WAIT_MS)).toBe('b1 i1 i2 i3 b2');
  });

  it.each([
    { promotedBefore: false, now: 0 },
    { promotedBefore: false, now: MAX_WAIT_MS },
    { promotedBefore: true, now: MAX_WAIT_MS },
    { promotedBefore: true, now: MAX_WAIT_MS + 400 },
    { promotedBefore: true, now: 10 * MAX_WAIT_MS },
  ])(
    'tells positions that come true: promoted before $promotedBefore, at $now (ORCH-4402)',
    ({ promotedBefore, now }) => {
      const queue = queueOf('b0 i1 i2 i3 b1 b2');
      for (const [index, taskId] of ['b3', 'b4', 'b5', 'b6'].entries()) queue.enqueue(item(taskId, 200 * index));
      if (promotedBefore) queue.next(MAX_WAIT_MS);
      queue.remove('b2');
      const waiting = 'b0 i1 i2 i3 b1 b3 b4 b5 b6'.split(' ').filter((id) => queue.position(id, now) !== undefined);
      const told = waiting.toSorted((a, b) => queue.position(a, now)! - queue.position(b, now)!);
      expect(waiting.map((id) => queue.position(id, now)!).toSorted((a, b) => a - b)).toEqual([...waiting.keys()]);
      expect(told.join(' ')).toBe(drain(queue, now));
    },
  );

  it('puts lost work back before everything of its class, with its wait kept (ORCH-4402)', () => {
    const queue = queueOf('b1 b2 i1 i2');
    const lost = queue.next(MAX_WAIT_MS)!;
    queue.requeue(lost);
    expect(queue.peek('batch', 'oldest')?.taskId).toBe('b1');
    expect(drain(queue, MAX_WAIT_MS)).toBe('i1 b1 i2 b2');
  });

  it('never dispatches what was removed (OC-CORE-1005)', () => {
    const queue = queueOf('i1 i2 i3');
    expect(queue.remove('i2')).toBe(true);
    expect(queue.remove('i2')).toBe(false);
    expect(drain(queue, 0)).toBe('i1 i3');
  });

  it('takes batch_max_wait_ms, by default a minute, and no other option (ORCH-4701)', () => {
    expect(priorityFifo.options.parse({})).toEqual({ batch_max_wait_ms: 60_000 });
    for (const refused of [{ batch_max_wait: 1 }, { batch_max_wait_ms: -1 }, { batch_max_wait_ms: 0.5 }]) {
      expect(priorityFifo.options.safeParse(refused).success).toBe(false);
    }
  });
});
