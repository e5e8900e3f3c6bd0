import { type PoolHealth } from '@llama-orch/client';
import { addModel, modelOf, modelPath, setModelState } from '../support/catalog-calls.js';
import { eventually } from '../support/eventually.js';
import { terminalOf } from '../support/read-events.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

const ZERO = `sha256:${'0'.repeat(64)}`;

describe('A model that is retired', () => {
  const app2 = () => startTestApp({ pools: [mockPool({}, { slots: 2 })] });
  const health = async (app: TestApp) => (await app.call<PoolHealth>('/v1/pools/mock/health')).body;
  const untilState = (app: TestApp, state: string) =>
    eventually(async () => expect((await health(app)).state).toBe(state));
  const gauges = async (app: TestApp) =>
    Promise.all(['Active', 'Retired'].map((state) => app.metric('model_state', { model_id: 'mock-model', state })));

  it('refuses new tasks at once, lets the running one end, and unloads its pool (ORCH-3031, ORCH-3070, ORCH-3073, ORCH-4605)', async () => {
    const app = await app2();
    expect(await gauges(app)).toEqual([1, 0]);
    const { task_id } = await app.submit(completion('[[mock:tokens=60]][[mock:token_ms=5]] x'));
    const reader = await app.follow(task_id);
    await reader.until('token');
    const answer = await setModelState(app, 'mock-model', { state: 'Retired', deadline_ms: 60_000 });
    expect([answer.status, answer.body]).toEqual([202, { status: 'accepted', state: 'Retired' }]);
    const refusal = expectProblem(await app.post(completion()), 403, 'MODEL_DEPRECATED');
    expect(refusal).toMatchObject({ retriable: false, engine: 'mock' });
    expect(terminalOf(await reader.rest())).toMatchObject({ event: 'end' });
    expect((await app.task(task_id)).tokens_out).toBe(60);
    await untilState(app, 'stopped');
    const lines = await eventually(() => {
      const retired = app.lines.filter(({ event }) => event === 'retire');
      expect(retired.length).toBe(1);
      return retired;
    });
    expect(lines[0]).toMatchObject({ model_id: 'mock-model', pools_unloaded: ['mock'], archives_retained: true });
    expect(await gauges(app)).toEqual([0, 1]);
    expect(await app.metric('drain_events_total', { pool_id: 'mock', reason: 'retire' })).toBe(1);
    expect(await app.metric('tasks_rejected_total', { engine: 'mock', reason: 'MODEL_DEPRECATED' })).toBe(1);
    expect(await modelOf(app, 'mock-model')).toMatchObject({ state: 'Retired' });
  });

  it('ends what still runs at the deadline (ORCH-3072)', async () => {
    const app = await app2();
    const { task_id } = await app.submit(completion('[[mock:stall@1]]'));
    const reader = await app.follow(task_id);
    await reader.until('token');
    await setModelState(app, 'mock-model', { state: 'Retired', deadline_ms: 50 });
    expect(terminalOf(await reader.rest())).toMatchObject({ event: 'error', data: { code: 'POOL_UNAVAILABLE' } });
    await untilState(app, 'stopped');
  });

  it('comes back when it is activated, before its pool has stopped or after; the state that it has changes nothing (ORCH-3072, ORCH-3031)', async () => {
    const app = await app2();
    expect((await setModelState(app, 'mock-model', { state: 'Active' })).status).toBe(202);
    const { task_id } = await app.submit(completion('[[mock:stall@1]]'));
    await (await app.follow(task_id)).until('token');
    await setModelState(app, 'mock-model', { state: 'Retired', deadline_ms: 60_000 });
    await untilState(app, 'draining');
    await setModelState(app, 'mock-model', { state: 'Active' });
    await app.untilReady('mock');
    await app.submit(completion('x', { max_tokens: 2 }));
    await app.cancel(task_id);
    await setModelState(app, 'mock-model', { state: 'Retired', deadline_ms: 0 });
    await untilState(app, 'stopped');
    expectProblem(await app.post(completion()), 403, 'MODEL_DEPRECATED');
    await setModelState(app, 'mock-model', { state: 'Active' });
    await app.untilReady('mock');
    const again = await app.submit(completion('x', { max_tokens: 2 }));
    expect(terminalOf(await app.frames(again.task_id)).event).toBe('end');
  });

  it('is refused to a reload at the step that finds it out, and the old model serves on (ORCH-3031, ORCH-4502)', async () => {
    const app = await app2();
    await addModel(app, { id: 'other-model', digest: ZERO });
    await setModelState(app, 'other-model', { state: 'Retired' });
    const reload = (more = '') =>
      app.call(`/v1/pools/mock/reload${more}`, { method: 'POST', body: { new_model_ref: 'other-model' } });
    for (const answer of [await reload(), await reload('?plan=true')]) {
      expect(expectProblem(answer, 409, 'CONFLICT')).toMatchObject({
        failed_step: 'resolve',
        cause: { code: 'model_retired' },
        serving: { model_ref: 'mock-model' },
      });
    }
    expect((await health(app)).state).toBe('ready');
    await setModelState(app, 'other-model', { state: 'Active' });
    const mismatch = expectProblem(await reload(), 409, 'CONFLICT');
    expect(mismatch).toMatchObject({ failed_step: 'start', cause: { code: 'digest_mismatch' } });
  });

  it('while a reload brings it does not stay in service: the pool is unloaded when the reload is over (ORCH-3070)', async () => {
    const app = await startTestApp({ pools: [mockPool({ load_ms: 300 }, { slots: 2 })] });
    const body = { new_model_ref: 'late-model' };
    const reloading = app.call('/v1/pools/mock/reload', { method: 'POST', body });
    await eventually(() => expect(app.lines.map((line) => line['step'])).toContain('verify'));
    expect((await setModelState(app, 'late-model', { state: 'Retired', deadline_ms: 0 })).status).toBe(202);
    await reloading;
    await eventually(async () => {
      const { state, model_id } = await health(app);
      // The reload may have found out by itself; then the old model serves on.
      expect([`${model_id} ${state}`]).toEqual([expect.stringMatching(/^(?:late-model stopped|mock-model ready)$/)]);
    });
    expectProblem(await app.post(completion('x', { model_ref: 'late-model' })), 403, 'MODEL_DEPRECATED');
  });

  it('leaves its pool to another model, and does not take it back when it is activated (ORCH-3072, ORCH-2102)', async () => {
    const app = await app2();
    await setModelState(app, 'mock-model', { state: 'Retired', deadline_ms: 0 });
    await untilState(app, 'stopped');
    const reload = (new_model_ref: string) =>
      app.call('/v1/pools/mock/reload', { method: 'POST', body: { new_model_ref } });
    expectProblem(await reload('mock-model'), 409, 'CONFLICT');
    expect((await health(app)).state).toBe('stopped');
    expect((await reload('next-model')).status).toBe(200);
    await setModelState(app, 'mock-model', { state: 'Active' });
    const { task_id } = await app.submit(completion('x', { model_ref: 'next-model', max_tokens: 2 }));
    expect(terminalOf(await app.frames(task_id)).event).toBe('end');
    expect(await health(app)).toMatchObject({ state: 'ready', model_id: 'next-model' });
  });

  it('may come and go as fast as somebody asks; what was asked last counts (ORCH-3072)', async () => {
    const app = await app2();
    for (let round = 0; round < 6; round++) {
      const state = round % 2 === 0 ? 'Retired' : 'Active';
      expect((await setModelState(app, 'mock-model', { state, deadline_ms: 0 })).status).toBe(202);
    }
    await app.untilReady('mock');
    await app.submit(completion('x', { max_tokens: 2 }));
    await Promise.all(
      ['Retired', 'Active', 'Retired'].map((state) => setModelState(app, 'mock-model', { state, deadline_ms: 0 })),
    );
    const { state } = await modelOf(app, 'mock-model');
    await untilState(app, state === 'Retired' ? 'stopped' : 'ready');
  });

  it('may be removed once its pool has stopped (ORCH-4607)', async () => {
    const app = await app2();
    await setModelState(app, 'mock-model', { state: 'Retired', deadline_ms: 0 });
    await untilState(app, 'stopped');
    expect((await app.call(modelPath('mock-model'), { method: 'DELETE' })).status).toBe(204);
    expectProblem(await app.post(completion()), 503, 'POOL_UNAVAILABLE');
  });
});
