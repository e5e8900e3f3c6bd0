import { type TaskAccepted } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { terminalOf } from '../support/read-events.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

/** What becomes of answers that go on elsewhere is told in failover.spec.ts. */
const ALONE = { failover: { mode: 'off' } };
/** Frames are counted, and a slow machine would take long enough for one more of the measurements. */
const NO_PULSE = { stream: { metrics_ms: 3_600_000 } };

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ ...NO_PULSE, pools: [mockPool({}, { ...ALONE, breaker: { failures: 1000 } })] });
});
afterEach(() => app.untilIdle());

/** A task whose turn comes when it is released, because it waits for the slot of another. */
async function submitBehind(one: TestApp, body: object) {
  const holder = await one.submit(completion('[[mock:stall@0]]'));
  const accepted = await one.submit(body);
  return { accepted, release: () => one.cancel(holder.task_id) };
}

describe('An engine that is lost', () => {
  it.each(['die', 'reset', 'out-of-memory', 'error'])(
    'before the first token (%s) costs the task nothing but time (ORCH-4211, ORCH-3038)',
    async (fault) => {
      const code = fault === 'error' ? '=unavailable' : '';
      const { task_id } = await app.submit(completion(`[[mock:${fault}@0x1${code}]]`, { max_tokens: 3 }));
      const frames = await app.frames(task_id);
      expect(frames.map(({ event }) => event)).toEqual(['started', 'token', 'token', 'token', 'metrics', 'end']);
      expect(frames.find(({ event }) => event === 'metrics')?.data).toMatchObject({ requeued: true });
      expect(await app.task(task_id)).toMatchObject({ state: 'completed' });
      await app.untilReady('mock');
    },
  );

  it('before the first token puts the task before those that wait (ORCH-4211, OC-CORE-1004)', async () => {
    const two = await startTestApp({ pools: [mockPool({}, { ...ALONE, slots: 2 })] });
    const lost = await two.submit(completion('[[mock:stall@0x1]]', { max_tokens: 1 }));
    const killer = await submitBehind(two, completion('[[mock:die@0x1]]', { max_tokens: 1 }));
    const waiting = await two.submit(completion('x', { max_tokens: 1 }));
    await killer.release();
    const ids = [lost, killer.accepted, waiting].map(({ task_id }) => task_id);
    await Promise.all(ids.map((id) => two.frames(id)));
    const dispatched = two.lines.filter(({ event }) => event === 'dispatched').map((line) => line['job_id']);
    expect(dispatched.slice(-4)).toEqual([ids[1], ...ids]);
  });

  it('twice before the first token ends the task with REPLICA_EXHAUSTED (ORCH-4211)', async () => {
    const { task_id } = await app.submit(completion('[[mock:die@0]]'));
    const frames = await app.frames(task_id);
    expect(frames.map(({ event }) => event)).toEqual(['started', 'error']);
    expect(terminalOf(frames).data).toMatchObject({ code: 'REPLICA_EXHAUSTED', retriable: true });
    await app.untilReady('mock');
  });

  it('after tokens ends the task with WORKER_RESET and replays nothing (ORCH-4211, OC-CTRL-2031)', async () => {
    const { task_id } = await app.submit(completion('[[mock:die@2]]'));
    const frames = await app.frames(task_id);
    expect(frames.map(({ event }) => event)).toEqual(['started', 'token', 'token', 'error']);
    expect(terminalOf(frames).data).toMatchObject({
      code: 'WORKER_RESET',
      engine: 'mock',
      pool_id: 'mock',
      retriable: true,
      correlation_id: expect.any(String),
    });
    await app.untilReady('mock');
    expect(await app.metric('llama_orch_engine_restarts_total', { pool_id: 'mock' })).toBeGreaterThanOrEqual(1);
  });

  it('gives its other tasks the same treatment (ORCH-4211)', async () => {
    const many = await startTestApp({ ...NO_PULSE, pools: [mockPool({}, { ...ALONE, slots: 4 })] });
    const [writing, reading]: TaskAccepted[] = [
      await many.submit(completion('[[mock:stall@1]]')),
      await many.submit(completion('[[mock:stall@0x1]]', { max_tokens: 2 })),
    ];
    await (await many.follow(writing!.task_id)).until('token');
    const killer = await many.submit(completion('[[mock:die@0x1]]', { max_tokens: 2 }));
    const [first, second, third] = await Promise.all(
      [writing, reading, killer].map((task) => many.frames(task!.task_id)),
    );
    expect(terminalOf(first!).data).toMatchObject({ code: 'WORKER_RESET' });
    for (const frames of [second!, third!]) {
      expect(frames.map(({ event }) => event)).toEqual(['started', 'token', 'token', 'metrics', 'end']);
    }
    await many.untilIdle();
  });

  it.each([
    ['deadline-unmet', 'DEADLINE_UNMET'],
    ['timeout', 'DECODE_TIMEOUT'],
    ['invalid-input', 'INVALID_PARAMS'],
    ['adapter', 'INTERNAL'],
    ['internal', 'INTERNAL'],
  ])(
    'is not what %s means: the task ends with %s and the engine stays (OC-CTRL-2030, ORCH-2006)',
    async (engineCode, code) => {
      const { task_id } = await app.submit(completion(`[[mock:error@1=${engineCode}]]`));
      const frames = await app.frames(task_id);
      expect(frames.map(({ event }) => event)).toEqual(['started', 'token', 'error']);
      expect(terminalOf(frames).data).toMatchObject({ code });
      expect((await app.call<{ ready: boolean }>('/v1/pools/mock/health')).body.ready).toBe(true);
    },
  );
});

describe('A pool whose engine keeps dying', () => {
  it('opens its breaker, ends those who wait, and says so to newcomers (ORCH-3053, OC-POOL-3011, OC-POOL-3010)', async () => {
    const dying = await startTestApp({
      pools: [mockPool({}, { ...ALONE, breaker: { failures: 3, open_ms: 120_000 } })],
    });
    for (let crash = 0; crash < 2; crash++) {
      await dying.frames((await dying.submit(completion('[[mock:die@1]]'))).task_id);
      await dying.untilReady('mock');
    }
    const last = await submitBehind(dying, completion('[[mock:die@2]]'));
    const waiting = await dying.submit(completion());
    await last.release();
    expect(terminalOf(await dying.frames(last.accepted.task_id)).data).toMatchObject({ code: 'WORKER_RESET' });
    expect(terminalOf(await dying.frames(waiting.task_id)).data).toMatchObject({
      code: 'POOL_UNAVAILABLE',
      retriable: true,
    });
    const problem = expectProblem(await dying.post(completion()), 503, 'POOL_UNAVAILABLE');
    expect(problem).toMatchObject({ engine: 'mock', pool_id: 'mock', retriable: true, retry_after_ms: 60_000 });
    expect((await dying.call('/v1/pools/mock/health')).body).toMatchObject({
      state: 'failed',
      ready: false,
      last_error: { code: 'reset' },
    });
    expect((await dying.call('/readyz')).status).toBe(200);
    expect(await dying.metric('pool_ready', { pool_id: 'mock' })).toBe(0);
  });

  it('leaves no task behind that lost its engine with the last chance of the pool (ORCH-4211, ORCH-4201)', async () => {
    const dying = await startTestApp({
      pools: [mockPool({}, { ...ALONE, slots: 3, breaker: { failures: 1, open_ms: 60_000 } })],
    });
    const silent = await dying.submit(completion('[[mock:stall@0]]'));
    const killer = await dying.submit(completion('[[mock:die@0x1]]'));
    for (const { task_id } of [silent, killer]) {
      expect(terminalOf(await dying.frames(task_id)).data).toMatchObject({
        code: expect.stringMatching(/POOL_UNAVAILABLE|REPLICA_EXHAUSTED/),
      });
    }
    await dying.untilIdle();
  });

  it('tries again once the breaker has been open for long enough (OC-POOL-3011)', async () => {
    const dying = await startTestApp({ pools: [mockPool({}, { ...ALONE, breaker: { failures: 1, open_ms: 100 } })] });
    await dying.frames((await dying.submit(completion('[[mock:die@1]]'))).task_id);
    await eventually(() =>
      expect(dying.lines).toContainEqual(expect.objectContaining({ event: 'pool_state', state: 'failed' })),
    );
    await dying.untilReady('mock');
    expect(terminalOf(await dying.frames((await dying.submit(completion())).task_id)).event).toBe('end');
  });
});

describe('A pool that serves nobody any more', () => {
  it('takes its model back at any speed: slow is better than nothing (ORCH-2102, ORCH-3038)', async () => {
    // Tasks say how fast they go; test prompts go at the pace of the pool.
    const pool = { ...ALONE, breaker: { failures: 1, open_ms: 120_000 }, reload: { min_speed: 1 } };
    const failed = await startTestApp({ pools: [mockPool({ token_ms: 10 }, pool)] });
    await failed.frames((await failed.submit(completion('[[mock:tokens=60]][[mock:token_ms=1]]'))).task_id);
    await failed.frames((await failed.submit(completion('[[mock:die@1]]'))).task_id);
    await eventually(async () =>
      expect((await failed.call('/v1/pools/mock/health')).body).toMatchObject({ state: 'failed' }),
    );
    const body = { new_model_ref: 'mock-model' };
    expect((await failed.call('/v1/pools/mock/reload', { method: 'POST', body })).status).toBe(200);
    expect(terminalOf(await failed.frames((await failed.submit(completion())).task_id)).event).toBe('end');
  });
});

describe('A pool that loads', () => {
  it('takes no task before it is ready, while another pool serves (ORCH-3010, OC-CORE-1010, ORCH-3002-v31, OC-POOL-3001, OC-POOL-3003, ORCH-4108)', async () => {
    const loading = mockPool({ fail: [{ kind: 'never-ready' }] }, { id: 'loading', model: 'slow-model' });
    const two = await startTestApp({ pools: [mockPool(), loading] }, ['mock']);
    const answer = await two.post(completion('x', { model_ref: 'slow-model' }));
    const problem = expectProblem(answer, 503, 'POOL_UNREADY');
    expect(problem).toMatchObject({ engine: 'mock', pool_id: 'loading', retriable: true });
    expect(answer.headers.get('x-backoff-ms')).toBe(String(problem['retry_after_ms']));
    expect(answer.headers.get('retry-after')).toBe('1');
    expect((await two.call('/readyz')).status).toBe(200);
    const health = (await two.call('/v1/pools/loading/health')).body;
    expect(health).toMatchObject({ live: true, ready: false, state: 'preloading' });
    expect((await two.post(completion())).status).toBe(202);
  });
});
