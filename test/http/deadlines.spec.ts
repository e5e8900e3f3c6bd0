import { eventually } from '../support/eventually.js';
import { terminalOf } from '../support/read-events.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem, expectSchema } from './contract.js';

const HOLD = '[[mock:stall@0]]';
/** Frames are counted, and a slow machine would take long enough for one more of the measurements. */
const NO_PULSE = { stream: { metrics_ms: 3_600_000 } };

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ ...NO_PULSE, pools: [mockPool({}, { perf: { prefill_tps: 1e6, decode_tps: 1_000 } })] });
});
afterEach(() => app.untilIdle());

describe('A deadline', () => {
  it.each([0, -1, '0', '-9223372036854775808'])(
    'of %p has passed already (ORCH-3079, ORCH-4405, ORCH-3093)',
    async (deadline_ms) => {
      const problem = expectProblem(await app.post(completion('x', { deadline_ms })), 400, 'DEADLINE_UNMET');
      expect(problem).toMatchObject({
        engine: 'mock',
        retriable: false,
        predicted: { deadline_ms: Number(deadline_ms) },
      });
    },
  );

  it('that nobody could meet is refused with the estimate (ORCH-3079, ORCH-4405, HME-032)', async () => {
    const problem = expectProblem(
      await app.post(completion('x', { max_tokens: 1_000, deadline_ms: 20 })),
      400,
      'DEADLINE_UNMET',
    );
    const { predicted } = problem as { predicted: Record<string, number> };
    expect(predicted).toMatchObject({ deadline_ms: 20, start_p50_ms: 0 });
    expect(predicted['decode_ms']).toBeGreaterThan(20);
  });

  it('that the queue makes impossible is refused (ORCH-4405)', async () => {
    const holder = await app.submit(completion(HOLD, { max_tokens: 2_000 }));
    const waiting = await app.submit(completion('x', { max_tokens: 2_000 }));
    const body = completion(HOLD, { max_tokens: 2, deadline_ms: 500 });
    const problem = expectProblem(await app.post(body), 400, 'DEADLINE_UNMET');
    expect((problem as { predicted: { start_p50_ms: number } }).predicted.start_p50_ms).toBeGreaterThan(500);
    for (const { task_id } of [holder, waiting]) await app.cancel(task_id);
    await app.untilIdle();
    expect((await app.post(body)).status).toBe(202);
  });

  // That it does so within 100 ms is shown on a clock that stands still meanwhile, with the scheduler.
  it('that passes in the queue ends the task then, with an error frame (ORCH-4411, ORCH-3079)', async () => {
    const holder = await app.submit(completion(HOLD, { max_tokens: 1 }));
    const asked = performance.now();
    const { task_id } = await app.submit(completion('x', { max_tokens: 1, deadline_ms: 500 }));
    const frames = await app.frames(task_id);
    expect(performance.now() - asked).toBeGreaterThan(499);
    expect(frames.length).toBe(1);
    expectSchema('ErrorFrame', frames[0]?.data);
    expect(terminalOf(frames).data).toMatchObject({
      code: 'DEADLINE_UNMET',
      retriable: false,
      engine: 'mock',
      pool_id: 'mock',
    });
    expect(await app.task(task_id)).toMatchObject({ state: 'expired', error: { code: 'DEADLINE_UNMET' } });
    await app.cancel(holder.task_id);
  });

  it('that passes while the task runs stops it and frees its slot (ORCH-4411, ORCH-4405)', async () => {
    const { task_id } = await app.submit(completion('[[mock:stall@2]]', { max_tokens: 20, deadline_ms: 1_000 }));
    const frames = await app.frames(task_id);
    expect(frames.map(({ event }) => event)).toEqual(['started', 'token', 'token', 'error']);
    expect(terminalOf(frames).data).toMatchObject({ code: 'DEADLINE_UNMET' });
  });

  it('that is met changes nothing, and its chance is shown (ORCH-3079, ORCH-3081, HME-021)', async () => {
    const { task_id } = await app.submit(completion('x', { max_tokens: 4, deadline_ms: '60000' }));
    const frames = await app.frames(task_id);
    expect(terminalOf(frames).data).toMatchObject({ finish_reason: 'length' });
    expect(frames.at(-2)).toMatchObject({ event: 'metrics', data: { on_time_probability: 1 } });
    const { created_ms, deadline_at_ms } = await app.task(task_id);
    expect(deadline_at_ms).toBe(created_ms + 60_000);
  });
});

describe('scheduler.on_deadline: finish', () => {
  it('lets a running task end late, and still ends a waiting one (ORCH-4405, ORCH-4411)', async () => {
    const patient = await startTestApp({
      scheduler: { on_deadline: 'finish' },
      pools: [mockPool({}, { perf: { prefill_tps: 1e6, decode_tps: 1_000 } })],
    });
    const soon = { max_tokens: 1, expected_tokens: 1, deadline_ms: 200 };
    const holder = await patient.submit(completion(HOLD, soon));
    const waiting = await patient.submit(completion('x', soon));
    expect(terminalOf(await patient.frames(waiting.task_id)).data).toMatchObject({ code: 'DEADLINE_UNMET' });
    expect((await patient.task(holder.task_id)).state).toBe('dispatched');
    await patient.cancel(holder.task_id);
    const late = await patient.submit(completion('[[mock:first_token_ms=300]]', soon));
    expect(terminalOf(await patient.frames(late.task_id)).data).toMatchObject({ finish_reason: 'length' });
  });
});

describe('The watchdog', () => {
  it.each([
    ['that runs longer than wall_ms', '[[mock:token_ms=20]]', { wall_ms: 150 }, 'wall_ms'],
    ['that falls silent after a token', '[[mock:stall@2]]', { idle_ms: 100 }, 'idle_ms'],
    ['that never says a word', '[[mock:stall@0]]', { first_token_ms: 100 }, 'first_token_ms'],
  ])(
    'ends a task %s with DECODE_TIMEOUT, and its slot serves the next (ORCH-3016, OC-CORE-1022)',
    async (_what, prompt, timeouts, limit) => {
      const watched = await startTestApp({ pools: [mockPool({}, { timeouts })] });
      const { task_id } = await watched.submit(completion(prompt));
      const frames = await watched.frames(task_id);
      expect(terminalOf(frames)).toMatchObject({
        event: 'error',
        data: { code: 'DECODE_TIMEOUT', retriable: true, message: expect.stringContaining(limit) },
      });
      expect(await watched.task(task_id)).toMatchObject({ state: 'failed' });
      expect(await watched.metric('tasks_canceled_total', { reason: 'watchdog', replica_id: 'mock-0' })).toBe(1);
      // On a busy machine the limit may be too short for the next one as well, but not for ever.
      await eventually(async () => {
        const next = await watched.submit(completion('x', { max_tokens: 1 }));
        expect(terminalOf(await watched.frames(next.task_id)).event).toBe('end');
      });
    },
  );
});
