import { type TaskAccepted } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { terminalOf } from '../support/read-events.js';
import { type Answer, completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

const HOLD = '[[mock:stall@0]]';
/** What each task is predicted to take. */
const TASK_MS = 500;

/** When a refused caller is to come again, as far as it can tell. */
interface Told {
  readonly waitMs: number;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A daemon whose only slot is taken and whose queue holds `capacity` tasks. */
async function startBusy(queue: object, pool: object = {}): Promise<TestApp> {
  const app = await startTestApp({ pools: [mockPool({}, { queue, ...pool })] });
  await app.submit(completion(HOLD));
  return app;
}

function expectBackpressure(answer: Answer, code: string, label: string): number {
  const body = expectProblem(answer, 429, code);
  const wait = body['retry_after_ms'] as number;
  expect(body).toMatchObject({ retriable: true, policy_label: label, engine: 'mock', pool_id: 'mock' });
  expect(wait).toBeGreaterThanOrEqual(1);
  expect(wait).toBeLessThanOrEqual(60_000);
  expect(answer.headers.get('x-backoff-ms')).toBe(String(wait));
  expect(answer.headers.get('retry-after')).toBe(String(Math.ceil(wait / 1000)));
  return wait;
}

describe('A queue of 8 that is flooded with 100 tasks', () => {
  it('takes 8 and refuses 92 with headers and members that agree (ORCH-2007, ORCH-3004, ORCH-3005, OC-CTRL-2011, ORCH-4304, OC-CORE-1001)', async () => {
    const app = await startBusy({ capacity: 8 });
    const answers = await Promise.all(Array.from({ length: 100 }, () => app.post<TaskAccepted>(completion())));
    const taken = answers.filter(({ status }) => status === 202);
    expect(taken.map(({ body }) => body.queue_position).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const refused = answers.filter(({ status }) => status !== 202);
    expect(refused.length).toBe(92);
    for (const answer of refused) expectBackpressure(answer, 'ADMISSION_REJECT', 'reject');
    expect(await app.metric('admission_backpressure_events_total', { engine: 'mock', policy: 'reject' })).toBe(92);
    expect(await app.metric('tasks_rejected_total', { engine: 'mock', reason: 'ADMISSION_REJECT' })).toBe(92);
    expect(await app.metric('tasks_enqueued_total')).toBe(9);
    expect(await app.metric('queue_depth', { priority: 'interactive' })).toBe(8);
    expect((await app.call<{ items: unknown[] }>('/v1/tasks?limit=200')).body.items.length).toBe(9);
  });

  it('tells those who are in to slow down once it is more than half full (OC-CTRL-2050)', async () => {
    const app = await startBusy({ capacity: 8 });
    const backoffs: number[] = [];
    for (let count = 0; count < 8; count++) backoffs.push((await app.submit(completion())).backoff_ms);
    expect(backoffs.slice(0, 4)).toEqual([0, 0, 0, 0]);
    for (const backoff of backoffs.slice(4)) expect(backoff).toBeGreaterThan(0);
  });

  // That callers who come as told find their place is shown in simulated time, by the simulator.
  it('tells each caller a time of its own, one task after the other (ORCH-4304, OC-CLI-2802)', async () => {
    const app = await startBusy({ capacity: 8 }, { perf: { prefill_tps: 1e6, decode_tps: 1_000 } });
    const task = completion('x', { max_tokens: TASK_MS, expected_tokens: TASK_MS });
    for (let count = 0; count < 8; count++) await app.submit(task);
    const told: Told[] = [];
    for (let count = 0; count < 41; count++) {
      const askedAt = performance.now();
      const waitMs = expectBackpressure(await app.post(task), 'ADMISSION_REJECT', 'reject');
      told.push({ waitMs, notBefore: askedAt + waitMs, notAfter: performance.now() + waitMs });
    }
    const [first, last] = [told[0]!, told.at(-1)!];
    const spreadMs = 40 * TASK_MS;
    expect(last.notBefore - first.notAfter).toBeGreaterThan(0.5 * spreadMs);
    expect(last.waitMs - first.waitMs).toBeLessThan(2 * spreadMs);
    // Two neighbours may change places by the random part of their times; those who are further apart may not.
    for (const [at, later] of told.slice(10).entries()) expect(later.notBefore).toBeGreaterThan(told[at]!.notAfter);
  });
});

describe('Classes of a queue', () => {
  it('dispatch interactive work first and keep the order inside (ORCH-3004, OC-CORE-1004, OC-CORE-1003)', async () => {
    const app = await startTestApp();
    const holder = await app.submit(completion(HOLD));
    const order = ['batch', 'interactive', 'batch', 'interactive'];
    const tasks: TaskAccepted[] = [];
    for (const priority of order) tasks.push(await app.submit(completion('x', { priority, max_tokens: 2 })));
    expect(tasks.map(({ queue_position }) => queue_position)).toEqual([0, 0, 2, 1]);
    await app.cancel(holder.task_id);
    await Promise.all(tasks.map(({ task_id }) => app.frames(task_id)));
    const started = app.lines.filter(({ event }) => event === 'dispatched').map((line) => line['job_id']);
    expect(started.slice(1)).toEqual([1, 3, 0, 2].map((index) => tasks[index]!.task_id));
  });

  it('have caps of their own (ORCH-3004)', async () => {
    const app = await startBusy({ capacity: 8 }, { admission: { priorities: [{ name: 'batch', queue_capacity: 1 }] } });
    await app.submit(completion('x', { priority: 'batch' }));
    expectBackpressure(await app.post(completion('x', { priority: 'batch' })), 'ADMISSION_REJECT', 'reject');
    expect((await app.post(completion())).status).toBe(202);
  });
});

describe('drop-lru', () => {
  const queue = { capacity: 2, full_policy: 'drop-lru' };

  it('evicts the oldest batch task for an interactive one, with an error frame that says when to come back (ORCH-3005, OC-CORE-1002, ORCH-4404)', async () => {
    const app = await startBusy(queue);
    const [oldest, newest] = [
      await app.submit(completion('x', { priority: 'batch' })),
      await app.submit(completion('x', { priority: 'batch' })),
    ];
    const stream = await app.follow(oldest.task_id);
    await app.submit(completion());
    const [frame, ...more] = await stream.rest();
    expect(more).toEqual([]);
    expect(frame).toMatchObject({
      ...{ id: 1, event: 'error' },
      data: {
        code: 'QUEUE_FULL_DROP_LRU',
        retriable: true,
        policy_label: 'drop-lru',
        engine: 'mock',
        pool_id: 'mock',
        retry_after_ms: expect.any(Number),
      },
    });
    expect(await app.task(oldest.task_id)).toMatchObject({ state: 'evicted', error: { code: 'QUEUE_FULL_DROP_LRU' } });
    expect(await app.task(newest.task_id)).toMatchObject({ state: 'queued' });
    expect(await app.metric('llama_orch_tasks_evicted_total', { policy: 'drop-lru' })).toBe(1);
    expect(await app.metric('tasks_rejected_total', { engine: 'mock', reason: 'QUEUE_FULL_DROP_LRU' })).toBe(1);
  });

  it('never evicts interactive work for batch work (ORCH-4404)', async () => {
    const app = await startBusy(queue);
    await app.submit(completion());
    await app.submit(completion());
    expectBackpressure(await app.post(completion('x', { priority: 'batch' })), 'QUEUE_FULL_DROP_LRU', 'drop-lru');
  });

  it('evicts the oldest of its own class when there is no batch task (ORCH-4404)', async () => {
    const app = await startBusy(queue);
    const oldest = await app.submit(completion());
    await app.submit(completion());
    await app.submit(completion());
    expect(await app.task(oldest.task_id)).toMatchObject({ state: 'evicted' });
  });
});

describe('shed-low-priority', () => {
  const queue = { capacity: 2, full_policy: 'shed-low-priority' };

  it('evicts the newest batch task for an interactive one (ORCH-3005, OC-CORE-1002, ORCH-4404)', async () => {
    const app = await startBusy(queue);
    const [oldest, newest] = [
      await app.submit(completion('x', { priority: 'batch' })),
      await app.submit(completion('x', { priority: 'batch' })),
    ];
    await app.submit(completion());
    expect(terminalOf(await app.frames(newest.task_id)).data).toMatchObject({
      code: 'QUEUE_FULL_DROP_LRU',
      policy_label: 'shed-low-priority',
    });
    expect(await app.task(oldest.task_id)).toMatchObject({ state: 'queued' });
  });

  it('refuses everybody else (ORCH-4404)', async () => {
    const app = await startBusy(queue);
    await app.submit(completion('x', { priority: 'batch' }));
    await app.submit(completion());
    expectBackpressure(await app.post(completion('x', { priority: 'batch' })), 'ADMISSION_REJECT', 'shed-low-priority');
    await app.submit(completion());
    expectBackpressure(await app.post(completion()), 'ADMISSION_REJECT', 'shed-low-priority');
  });
});

describe('A batch task that has waited long enough', () => {
  it('goes before interactive ones (ORCH-4403)', async () => {
    const app = await startTestApp({ scheduler: { batch_max_wait_ms: 50 } });
    const holder = await app.submit(completion(HOLD));
    const batch = await app.submit(completion('x', { priority: 'batch' }));
    const interactive = await app.submit(completion());
    await eventually(async () => expect(await app.task(batch.task_id)).toMatchObject({ queue_position: 0 }));
    await app.cancel(holder.task_id);
    await app.frames(interactive.task_id);
    const started = app.lines.filter(({ event }) => event === 'dispatched').map((line) => line['job_id']);
    expect(started.slice(1)).toEqual([batch.task_id, interactive.task_id]);
  });
});
