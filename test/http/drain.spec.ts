import { type PoolHealth } from '@llama-orch/client';
import { hashKey, newKey } from '../../src/kernel/key-hash.js';
import { eventually } from '../support/eventually.js';
import { terminalOf } from '../support/read-events.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem, expectSchema } from './contract.js';

const POOL_TIMES = { timeouts: { cancel_ms: 1_000 } };

/** Some tokens, each after 10 ms. */
const paced = (tokens: number, more: object = {}) =>
  completion(`[[mock:tokens=${tokens}]][[mock:token_ms=10]] x`, more);

const drain = (app: TestApp, body: unknown, pool = 'mock') =>
  app.call<Record<string, unknown>>(`/v1/pools/${pool}/drain`, { method: 'POST', body });

const reload = (app: TestApp, pool = 'mock', model = 'mock-model') =>
  app.call(`/v1/pools/${pool}/reload`, { method: 'POST', body: { new_model_ref: model } });

async function health(app: TestApp, pool = 'mock'): Promise<PoolHealth> {
  return (await app.call<PoolHealth>(`/v1/pools/${pool}/health`)).body;
}

async function untilStopped(app: TestApp, pool = 'mock'): Promise<void> {
  await eventually(async () => expect((await health(app, pool)).state).toBe('stopped'));
}

/** What has to hold of every answer of the health route, whenever it is asked. */
function expectTruth(pool: PoolHealth): void {
  expectSchema('PoolHealth', pool);
  const of = { draining: [true, false, true], stopped: [false, false, false], ready: [true, true, false] } as const;
  const { live, ready, draining, state } = pool;
  expect([state, live, ready, draining]).toEqual([state, ...of[state as keyof typeof of]]);
  for (const { active_leases, slots_total, slots_free } of pool.replicas) {
    expect(active_leases).toBeGreaterThanOrEqual(0);
    if (slots_total > 0) expect(slots_free).toBe(slots_total - active_leases);
    if (state === 'stopped') expect([active_leases, slots_total]).toEqual([0, 0]);
  }
}

describe('A drain', () => {
  it('gives no lease after the call, lets streams end, and its health tells the truth at every moment (ORCH-2101, ORCH-3031, OC-CTRL-2002, ORCH-2103, OC-CTRL-2001)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, { slots: 4, ...POOL_TIMES })] });
    const running = await Promise.all([150, 160, 170, 180].map((tokens) => app.submit(paced(tokens))));
    const waiting = await Promise.all([1, 2].map(() => app.submit(paced(3))));
    const called = app.lines.length;
    const answer = await drain(app, { deadline_ms: 20_000 });
    expect([answer.status, answer.body]).toEqual([202, { status: 'draining', pool_id: 'mock', deadline_ms: 20_000 }]);
    const seen: PoolHealth[] = [];
    do {
      seen.push(await health(app));
      expectTruth(seen.at(-1)!);
    } while (seen.at(-1)!.state !== 'stopped');
    expect(seen.map(({ state }) => state)).toContain('draining');
    const leases = seen.map(({ replicas }) => replicas.reduce((sum, one) => sum + one.active_leases, 0));
    expect(leases).toEqual(leases.toSorted((a, b) => b - a));
    for (const { task_id } of running) expect(terminalOf(await app.frames(task_id)).event).toBe('end');
    for (const { task_id } of waiting) {
      const frames = await app.frames(task_id);
      expect(frames.map(({ event }) => event)).toEqual(['error']);
      expect(terminalOf(frames).data).toMatchObject({ code: 'POOL_UNAVAILABLE', retriable: true });
    }
    expect(app.lines.slice(called).filter(({ event }) => event === 'dispatched')).toEqual([]);
    expect(seen.at(-1)?.last_error).toBeNull();
    expect(await app.metric('drain_events_total', { pool_id: 'mock', reason: 'api_request' })).toBe(1);
    expect(await app.metric('pool_ready', { pool_id: 'mock' })).toBe(0);
    expect(await app.metric('active_leases', { pool_id: 'mock' })).toBe(0);
  });

  it('refuses newcomers with a time to come again, and as unavailable once it has stopped (ORCH-2101, ORCH-3025)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, POOL_TIMES)] });
    const { task_id } = await app.submit(completion('[[mock:stall@1]]'));
    await (await app.follow(task_id)).until('token');
    await drain(app, { deadline_ms: 5_000 });
    const { retry_after_ms } = expectProblem(await app.post(completion()), 503, 'POOL_UNREADY');
    expect(retry_after_ms).toBeGreaterThan(3_000);
    expect(retry_after_ms).toBeLessThanOrEqual(5_000);
    await drain(app, { deadline_ms: 0 });
    await untilStopped(app);
    const gone = expectProblem(await app.post(completion()), 503, 'POOL_UNAVAILABLE');
    expect(gone).toMatchObject({ pool_id: 'mock', message: expect.stringContaining('reload') });
  });

  it('ends what still runs at the deadline with a terminal frame and says so in last_error (ORCH-2101, OC-CTRL-2002)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, POOL_TIMES)] });
    const { task_id } = await app.submit(completion('[[mock:stall@2]]'));
    const stream = await app.follow(task_id);
    await stream.until('token');
    await drain(app, { deadline_ms: 60 });
    expect(terminalOf(await stream.rest()).data).toMatchObject({ code: 'POOL_UNAVAILABLE', retriable: true });
    await untilStopped(app);
    expect((await health(app)).last_error).toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringMatching(/by force: 1 running and 0 waiting/),
    });
  });

  it('takes another deadline from a second call, also none at all (ORCH-2101, OC-CTRL-2002)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, POOL_TIMES)] });
    const { task_id } = await app.submit(completion('[[mock:stall@1]]'));
    await drain(app, { deadline_ms: 3_600_000 });
    expect((await drain(app, { deadline_ms: 0 })).status).toBe(202);
    expect(terminalOf(await app.frames(task_id)).event).toBe('error');
    await untilStopped(app);
    expect((await drain(app, { deadline_ms: 10 })).status).toBe(202);
    expect((await health(app)).state).toBe('stopped');
    expect(await app.metric('drain_events_total', { pool_id: 'mock', reason: 'api_request' })).toBe(1);
  });

  it('moves waiting tasks to another pool of the replica set, with their streams and their place in time (ORCH-2101, ORCH-3031)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, { id: 'a', ...POOL_TIMES }), mockPool({}, { id: 'b' })] });
    const holders = await Promise.all([1, 2].map(() => app.submit(completion('[[mock:stall@1]]'))));
    expect(holders.map(({ pool_id }) => pool_id).toSorted()).toEqual(['a', 'b']);
    const waiting = await Promise.all([1, 2, 3, 4].map(() => app.submit(completion('x', { max_tokens: 2 }))));
    const moving = waiting.filter(({ pool_id }) => pool_id === 'a');
    expect(moving.length).toBeGreaterThan(0);
    const streams = await Promise.all(moving.map(({ task_id }) => app.follow(task_id)));
    await drain(app, { deadline_ms: 10_000 }, 'a');
    for (const { task_id } of moving) expect((await app.task(task_id)).pool_id).toBe('b');
    for (const { task_id } of holders) await app.cancel(task_id);
    for (const stream of streams) expect(terminalOf(await stream.rest()).event).toBe('end');
    await untilStopped(app, 'a');
    const decision = await app.call<{ replayed: boolean }>(`/v1/tasks/${moving[0]!.task_id}/decision`);
    expect(decision.body.replayed).toBe(true);
    expect((await app.submit(completion())).pool_id).toBe('b');
  });

  it('leaves tasks that another pool has no room or no label for, and ends them (ORCH-2101)', async () => {
    const labelled = { labels: { zone: 'north' } };
    const app = await startTestApp({
      pools: [mockPool({}, { id: 'a', ...labelled }), mockPool({}, { id: 'b', queue: { capacity: 1 } })],
    });
    const blockers = await Promise.all([1, 2].map(() => app.submit(completion('[[mock:stall@1]]'))));
    const north = await app.submit(completion('x', { pool_labels: labelled.labels }));
    const anywhere = await Promise.all([1, 2].map(() => app.submit(completion('x', { max_tokens: 1 }))));
    expect([north, ...anywhere].map(({ pool_id }) => pool_id).toSorted()).toEqual(['a', 'a', 'b']);
    await drain(app, { deadline_ms: 10_000 }, 'a');
    const stayed = [north, ...anywhere.filter(({ pool_id }) => pool_id === 'a')];
    for (const { task_id } of stayed) expect((await app.task(task_id)).pool_id).toBe('a');
    await app.cancel(blockers.find(({ pool_id }) => pool_id === 'a')!.task_id);
    for (const { task_id } of stayed)
      expect(terminalOf(await app.frames(task_id)).data).toMatchObject({ code: 'POOL_UNAVAILABLE', pool_id: 'a' });
    const other = blockers.find(({ pool_id }) => pool_id === 'b')!;
    expect((await app.task(other.task_id)).state).toBe('streaming');
  });

  it.each([
    ['without a deadline', {}, '/deadline_ms'],
    ['with a negative one', { deadline_ms: -1 }, '/deadline_ms'],
    ['with a fraction', '{"deadline_ms":1.5}', '/deadline_ms'],
    ['with a word', { deadline_ms: 'soon' }, '/deadline_ms'],
    ['with a member that nobody knows', { deadline_ms: 1, force: true }, '/force'],
    ['with no object', [], ''],
  ])('%s is refused, and the pool serves on (ORCH-2101, OC-CTRL-2032)', async (_, body, pointer) => {
    const app = await startTestApp();
    const { errors } = expectProblem(await drain(app, body), 400, 'INVALID_PARAMS');
    expect(errors).toEqual([expect.objectContaining({ pointer })]);
    expect((await health(app)).state).toBe('ready');
  });

  it('of a pool that does not exist names those that do (ORCH-2101)', async () => {
    const app = await startTestApp();
    expect(expectProblem(await drain(app, { deadline_ms: 1 }, 'moc'), 404, 'NOT_FOUND')['message']).toContain('mock');
  });

  it('is over with a reload of the same model, before and after the pool has stopped (ORCH-2101, ORCH-2102)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, POOL_TIMES)] });
    const { task_id } = await app.submit(paced(150));
    const waiting = await app.submit(completion('x', { max_tokens: 2 }));
    await drain(app, { deadline_ms: 30_000 });
    expect((await reload(app)).status).toBe(200);
    expect((await health(app)).state).toBe('ready');
    for (const one of [task_id, waiting.task_id]) expect(terminalOf(await app.frames(one)).event).toBe('end');
    await drain(app, { deadline_ms: 0 });
    await untilStopped(app);
    expect((await reload(app)).status).toBe(200);
    expect(terminalOf(await app.frames((await app.submit(completion())).task_id)).event).toBe('end');
    expect((await health(app)).last_error).toBeNull();
  });

  it('repeated under one Idempotency-Key happens once (ORCH-4103)', async () => {
    const app = await startTestApp();
    const call = (deadline_ms: number) =>
      app.call('/v1/pools/mock/drain', {
        method: 'POST',
        body: { deadline_ms },
        headers: { 'idempotency-key': 'night' },
      });
    expect((await call(1_000)).headers.get('idempotency-replayed')).toBeNull();
    await untilStopped(app);
    await reload(app);
    expect((await call(1_000)).headers.get('idempotency-replayed')).toBe('true');
    expect((await health(app)).state).toBe('ready');
    expectProblem(await call(2_000), 422, 'IDEMPOTENCY_MISMATCH');
  });

  it('needs a key with the scope control (ORCH-4109, OC-CTRL-2040)', async () => {
    const [watcher, keeper] = [newKey('watcher'), newKey('keeper')];
    const record = (id: string, key: string, scopes: readonly string[]) => ({
      ...{ id, hash: hashKey(key), tenant: 'a', scopes },
    });
    const keys = [record('watcher', watcher, ['infer', 'observe']), record('keeper', keeper, ['control'])];
    const app = await startTestApp({ auth: { keys } });
    const call = (key: string, path: string, body: object) =>
      app.call(`/v1/pools/mock/${path}`, { method: 'POST', body, headers: { authorization: `Bearer ${key}` } });
    expectProblem(await call(watcher, 'drain', { deadline_ms: 0 }), 403, 'FORBIDDEN');
    expectProblem(await call(watcher, 'reload', { new_model_ref: 'mock-model' }), 403, 'FORBIDDEN');
    expect((await call(keeper, 'drain', { deadline_ms: 0 })).status).toBe(202);
  });
});
