import { type Capabilities, type PoolHealth, type PoolReloaded, type TaskAccepted } from '@llama-orch/client';
import { type StepName } from '../../src/pools/reload/reload.js';
import { eventually } from '../support/eventually.js';
import { terminalOf } from '../support/read-events.js';
import {
  type Moment,
  breakRestore,
  breakStep,
  holdStep,
  mendReloads,
  shortOfMemoryOnce,
} from '../support/reload-faults.js';
import { type Answer, completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem, expectSchema } from './contract.js';

afterEach(mendReloads);

const OLD = 'mock-model';
const NEW = 'other-model';

const paced = (tokens: number, more: object = {}) =>
  completion(`[[mock:tokens=${tokens}]][[mock:token_ms=5]] x`, { max_tokens: 200, ...more });

function reload<Body = Record<string, unknown>>(app: TestApp, body: object = {}): Promise<Answer<Body>> {
  return app.call<Body>('/v1/pools/mock/reload', { method: 'POST', body: { new_model_ref: NEW, ...body } });
}

async function health(app: TestApp): Promise<PoolHealth> {
  return (await app.call<PoolHealth>('/v1/pools/mock/health')).body;
}

async function servedModel(app: TestApp) {
  const { body } = await app.call<Capabilities>('/v1/capabilities');
  const { model_id, model_digest, ready } = body.engines[0]!.pools[0]!;
  return { model_id, model_digest, ready };
}

/** Two tasks that run and two that wait. */
async function traffic(app: TestApp, tokens = 60): Promise<TaskAccepted[]> {
  const tasks = await Promise.all([0, 1].map((at) => app.submit(paced(tokens + at))));
  for (const { task_id } of tasks) await (await app.follow(task_id)).until('token');
  return [...tasks, ...(await Promise.all([0, 1].map((at) => app.submit(paced(3 + at)))))];
}

/** The same, but those that run go on until they are cancelled: `letEnd` does that. */
async function heldTraffic(
  app: TestApp,
): Promise<{ readonly tasks: TaskAccepted[]; readonly letEnd: () => Promise<void> }> {
  const running = await Promise.all([0, 1].map(() => app.submit(completion('[[mock:stall@5]]'))));
  for (const { task_id } of running) await (await app.follow(task_id)).until('token');
  const waiting = await Promise.all([0, 1].map((at) => app.submit(paced(3 + at))));
  const letEnd = async () => {
    for (const { task_id } of running) expect((await app.cancel(task_id)).status).toBe(204);
  };
  return { tasks: [...running, ...waiting], letEnd };
}

/** A machine that stands still makes any engine slow. */
const anySpeed = { reload: { min_speed: 0 } };

const app2 = () => startTestApp({ pools: [mockPool({}, { slots: 2, timeouts: { cancel_ms: 1_000 }, ...anySpeed })] });

const untilStep = (app: TestApp, step: StepName) =>
  eventually(() => expect(app.lines.some((line) => line['step'] === step)).toBe(true));

/** Every stream has come to its natural end, whole. */
async function expectWhole(app: TestApp, tasks: readonly TaskAccepted[]): Promise<void> {
  for (const [at, { task_id }] of tasks.entries()) {
    const frames = await app.frames(task_id);
    expect([at, terminalOf(frames).event]).toEqual([at, 'end']);
    expect(frames.filter(({ event }) => event === 'token').map(({ data }) => (data as { i: number }).i)).toEqual(
      Array.from({ length: (await app.task(task_id)).tokens_out }, (_, index) => index),
    );
  }
}

async function expectOldServes(app: TestApp, digest: string | null): Promise<void> {
  expect(await servedModel(app)).toEqual({ model_id: OLD, model_digest: digest, ready: true });
  expectProblem(await app.post(completion('x', { model_ref: NEW })), 404, 'NOT_FOUND');
  const { task_id } = await app.submit(completion('x', { max_tokens: 4 }));
  expect(terminalOf(await app.frames(task_id)).event).toBe('end');
  expect((await app.task(task_id)).model_digest).toBe(digest);
  await app.untilIdle();
  expect(await health(app)).toMatchObject({ state: 'ready', ready: true, draining: false, last_error: null });
  expect((await health(app)).replicas.length).toBe(1);
}

describe('A reload that works', () => {
  it('shows the new digest in capabilities and on the next task, and drops no stream (ORCH-2102, ORCH-3031, OC-CTRL-2003, ORCH-3032)', async () => {
    const app = await app2();
    const before = await servedModel(app);
    const { tasks, letEnd } = await heldTraffic(app);
    const reloading = reload<PoolReloaded>(app);
    await untilStep(app, 'probe');
    await letEnd();
    const { status, body } = await reloading;
    expect([status, body.status, body.model_ref]).toEqual([200, 'ok', NEW]);
    expectSchema('PoolReloaded', body);
    expect(body.model_digest).not.toBe(before.model_digest);
    expect(await servedModel(app)).toEqual({ model_id: NEW, model_digest: body.model_digest, ready: true });
    const { task_id } = await app.submit(completion('x', { model_ref: NEW }));
    const started = await (await app.follow(task_id)).until('started');
    expect(started.data.model_digest).toBe(body.model_digest);
    await expectWhole(app, tasks);
    for (const { task_id: old } of tasks) expect((await app.task(old)).model_digest).toBe(before.model_digest);
    expectProblem(await app.post(completion()), 404, 'NOT_FOUND');
    expect(await app.metric('drain_events_total', { pool_id: 'mock', reason: 'reload' })).toBe(1);
    expect(app.lines.filter(({ event }) => event === 'reload').map((line) => line['step'])).toEqual(
      expect.arrayContaining(['resolve', 'stage', 'verify', 'start', 'probe', 'shift', 'drain', 'commit']),
    );
  });

  it('to the same model lets waiting tasks wait, and keeps admitting (ORCH-2102, ORCH-3031)', async () => {
    const app = await app2();
    const { tasks, letEnd } = await heldTraffic(app);
    const states: string[] = [];
    const lookAndSubmit = async () => {
      states.push((await health(app)).state);
      tasks.push(await app.submit(paced(2)));
    };
    const letProbe = holdStep('probe');
    const reloading = reload(app, { new_model_ref: OLD });
    await untilStep(app, 'start');
    await lookAndSubmit();
    letProbe();
    await untilStep(app, 'shift');
    await lookAndSubmit();
    await letEnd();
    expect((await reloading).status).toBe(200);
    await lookAndSubmit();
    expect(states).toEqual(['ready', 'ready', 'ready']);
    await expectWhole(app, tasks);
  });

  it('closes the pool while tasks wait for the old model by its name, and says when to come again (ORCH-2102, ORCH-3025)', async () => {
    const app = await app2();
    const { tasks, letEnd } = await heldTraffic(app);
    const reloading = reload(app, { deadline_ms: 300_000 });
    await eventually(async () =>
      expect(await health(app)).toMatchObject({ state: 'reloading', live: true, ready: false, draining: true }),
    );
    const refusal = expectProblem(await app.post(completion()), 503, 'POOL_UNREADY');
    expect(refusal['retry_after_ms']).toBeGreaterThan(10_000);
    await letEnd();
    expect((await reloading).status).toBe(200);
    await expectWhole(app, tasks);
  });

  it('ends what holds it up at the deadline, with a terminal frame, and says so (ORCH-2102, OC-CTRL-2003)', async () => {
    const app = await app2();
    const stuck = await Promise.all([1, 2].map(() => app.submit(completion('[[mock:stall@1]]'))));
    const waiting = await app.submit(completion());
    expect((await reload(app, { deadline_ms: 50 })).status).toBe(200);
    for (const { task_id } of [...stuck, waiting])
      expect(terminalOf(await app.frames(task_id)).data).toMatchObject({ code: 'POOL_UNAVAILABLE', retriable: true });
    expect((await health(app)).last_error?.message).toMatch(/by force: 2 running/);
    await app.untilIdle();
  });

  it('goes on when its caller leaves (ORCH-2102)', async () => {
    const app = await app2();
    const tasks = await traffic(app);
    const caller = new AbortController();
    const body = JSON.stringify({ new_model_ref: NEW });
    const headers = { 'content-type': 'application/json' };
    const letVerify = holdStep('verify');
    const call = fetch(`${app.url}/v1/pools/mock/reload`, { method: 'POST', body, headers, signal: caller.signal });
    await untilStep(app, 'stage');
    caller.abort();
    await expect(call).rejects.toThrow();
    letVerify();
    await eventually(async () => expect((await servedModel(app)).model_id).toBe(NEW));
    await expectWhole(app, tasks);
  });

  it('ends the old model first where memory is short, and waiting tasks go on waiting (ORCH-2102, ORCH-3031)', async () => {
    const app = await app2();
    shortOfMemoryOnce();
    const tasks = await traffic(app);
    expect((await reload(app, { new_model_ref: OLD })).status).toBe(200);
    await expectWhole(app, tasks);
    const taken = app.lines.filter(({ event }) => event === 'reload').map((line) => line['step']);
    expect(taken.indexOf('stop')).toBeLessThan(taken.lastIndexOf('start'));
    expect((await health(app)).replicas.length).toBe(1);
  });
});

const BESIDE: readonly StepName[] = ['resolve', 'stage', 'verify', 'start', 'probe', 'shift', 'drain', 'commit'];
const ONE_BY_ONE: readonly StepName[] = ['drain', 'stop', 'start', 'probe', 'shift', 'commit'];
const both = (steps: readonly StepName[]) =>
  steps.flatMap((step) => (['before', 'after'] as const).map((moment) => [moment, step] as const));

async function expectRolledBack(step: StepName, app: TestApp): Promise<void> {
  const before = await servedModel(app);
  const tasks = await traffic(app);
  const answer = await reload(app);
  const body = expectProblem(answer, 409, 'CONFLICT');
  expectSchema('ReloadRefused', body);
  expect(body).toMatchObject({
    ...{ reload: 'rollback', failed_step: step, retriable: false, pool_id: 'mock' },
    cause: { code: 'injected', message: `a fault at ${step}` },
    serving: { model_ref: OLD, model_digest: before.model_digest },
  });
  await expectWhole(app, tasks);
  await expectOldServes(app, before.model_digest);
}

describe('A reload that fails', () => {
  it.each<readonly [Moment, StepName]>(both(BESIDE))(
    '%s the work of %s leaves no trace: no stream dropped, the old model serving, 409 with the step (ORCH-4502, ORCH-3031, OC-CTRL-2003, ORCH-3038)',
    async (moment, step) => {
      const app = await app2();
      breakStep(step, moment);
      await expectRolledBack(step, app);
    },
  );

  it.each<readonly [Moment, StepName]>(both(ONE_BY_ONE))(
    '%s the work of %s, with the old model ended for want of memory, brings that back (ORCH-4502, ORCH-3031, OC-CTRL-2003)',
    async (moment, step) => {
      const app = await app2();
      breakStep(step, moment);
      shortOfMemoryOnce();
      await expectRolledBack(step, app);
    },
  );

  it('and cannot bring the old model back says that nothing serves (ORCH-4502, ORCH-2102)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, { backoff: { initial_ms: 60_000, max_ms: 60_000 } })] });
    shortOfMemoryOnce();
    breakStep('probe', 'before');
    breakRestore();
    const body = expectProblem(await reload(app), 409, 'CONFLICT');
    expect(body).toMatchObject({ failed_step: 'probe', serving: null });
    expect(await health(app)).toMatchObject({ state: 'failed', ready: false });
    expectProblem(await app.post(completion()), 503, 'POOL_UNAVAILABLE');
    mendReloads();
    expect((await reload(app)).status).toBe(200);
    expect(await servedModel(app)).toMatchObject({ model_id: NEW, ready: true });
  });

  it('while another one is under way says busy, and a drain has to wait as well (ORCH-2102, ORCH-4502)', async () => {
    const app = await app2();
    const tasks = await traffic(app);
    const letVerify = holdStep('verify');
    const first = reload(app);
    await untilStep(app, 'stage');
    const second = expectProblem(await reload(app), 409, 'CONFLICT');
    expect(second).toMatchObject({ failed_step: 'busy', retriable: true, retry_after_ms: expect.any(Number) });
    const drain = await app.call('/v1/pools/mock/drain', { method: 'POST', body: { deadline_ms: 0 } });
    expect(expectProblem(drain, 409, 'CONFLICT')['failed_step']).toBe('busy');
    letVerify();
    expect((await first).status).toBe(200);
    await expectWhole(app, tasks);
  });

  it('during a drain lets that go on (ORCH-2101, ORCH-2102)', async () => {
    const app = await app2();
    const { task_id } = await app.submit(completion('[[mock:stall@1]]'));
    await app.call('/v1/pools/mock/drain', { method: 'POST', body: { deadline_ms: 300_000 } });
    breakStep('probe', 'after');
    expectProblem(await reload(app), 409, 'CONFLICT');
    expect((await health(app)).state).toBe('draining');
    await app.cancel(task_id);
    expect(terminalOf(await app.frames(task_id)).event).toBe('end');
    await eventually(async () => expect((await health(app)).state).toBe('stopped'));
    expectProblem(await reload(app), 409, 'CONFLICT');
    expect((await health(app)).state).toBe('stopped');
  });

  it('by a bug tells its message to the log alone (ORCH-4502, OC-CTRL-2041)', async () => {
    const app = await app2();
    breakStep('verify', 'before', new Error('a secret at /home/anna'));
    const answer = await reload(app);
    expect(expectProblem(answer, 409, 'CONFLICT')['cause']).toMatchObject({ code: 'internal' });
    expect(answer.text).not.toContain('secret');
    expect(app.lines.some((line) => String(line['error']).includes('a secret at'))).toBe(true);
  });

  it('because the same model became slow names the speed that is asked of it, unless any will do (ORCH-2102)', async () => {
    // Tasks say how fast they go; test prompts go at the pace of the pool.
    const slow = (share: number) => mockPool({ token_ms: 10 }, { reload: { min_speed: share } });
    for (const [share, status] of [
      [0.5, 409],
      [0, 200],
    ] as const) {
      const app = await startTestApp({ pools: [slow(share)] });
      const { task_id } = await app.submit(
        completion('[[mock:tokens=2000]][[mock:token_ms=0]] x', { max_tokens: 2000 }),
      );
      await app.frames(task_id);
      const answer = await reload(app, { new_model_ref: OLD });
      expect(answer.status).toBe(status);
      if (status === 409) expect(answer.body).toMatchObject({ failed_step: 'probe', cause: { code: 'too_slow' } });
    }
  });
});

describe('The body of a reload', () => {
  it.each([
    ['without a model', { new_model_ref: undefined }, '/new_model_ref'],
    ['with an empty model', { new_model_ref: '' }, '/new_model_ref'],
    ['with a way out of the folder', { new_model_ref: 'a/../b' }, '/new_model_ref'],
    ['with a relative file', { new_model_ref: 'file:models/x.gguf' }, '/new_model_ref'],
    ['with what an engine may take for an option', { new_model_ref: 'file:/models/--flag' }, '/new_model_ref'],
    ['with a line break', { new_model_ref: 'a\nb' }, '/new_model_ref'],
    ['with a deadline before now', { deadline_ms: -1 }, '/deadline_ms'],
    ['with half a digest', { digest: 'sha256:12' }, '/digest'],
    ['with a member that nobody knows', { force: true }, '/force'],
  ])('%s is refused (ORCH-2102, OC-CTRL-2032)', async (_, body, pointer) => {
    const app = await app2();
    const { errors } = expectProblem(await reload(app, body), 400, 'INVALID_PARAMS');
    expect(errors).toEqual([expect.objectContaining({ pointer })]);
    expect((await health(app)).state).toBe('ready');
  });

  it('for a pool that does not exist is 404 (ORCH-2102)', async () => {
    const app = await app2();
    const answer = await app.call('/v1/pools/none/reload', { method: 'POST', body: { new_model_ref: NEW } });
    expectProblem(answer, 404, 'NOT_FOUND');
  });
});

it('A plan of a reload tells what would change and changes nothing (ORCH-2102)', async () => {
  const app = await app2();
  const { tasks, letEnd } = await heldTraffic(app);
  const call = (query: string) =>
    app.call(`/v1/pools/mock/reload?${query}`, { method: 'POST', body: { new_model_ref: NEW } });
  const models = async () => (await app.call<{ items: { id: string }[] }>('/v1/catalog/models')).body.items;
  const before = await models();
  const { status, body } = await call('plan=true');
  expect(status).toBe(200);
  expectSchema('ReloadPlan', body);
  expect([(await models()).map(({ id }) => id), before.map(({ id }) => id)]).toEqual([[OLD], [OLD]]);
  expect(body).toMatchObject({
    ...{ status: 'plan', from: { model_ref: OLD }, to: { model_ref: NEW, model_digest: null }, weights_bytes: null },
    tasks: { running: 2, waiting: 2, waiting_for_old_model: 2 },
  });
  expect((await servedModel(app)).model_id).toBe(OLD);
  expectProblem(await call('plan=maybe'), 400, 'INVALID_PARAMS');
  await letEnd();
  await expectWhole(app, tasks);
});

it('The daemon stops in the middle of a reload without leaving anything behind (ORCH-4808, ORCH-2102)', async () => {
  const app = await app2();
  const letProbe = holdStep('probe');
  const reloading = reload(app).catch(() => undefined);
  await untilStep(app, 'start');
  const stopping = app.app.shutDown(0);
  letProbe();
  await stopping;
  await reloading;
  const last = app.lines.filter(({ event }) => event === 'pool_state').map((line) => line['state']);
  expect(last).not.toContain('backoff');
});
