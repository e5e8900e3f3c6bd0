import { randomUUID } from 'node:crypto';
import { type Session, type SessionList } from '@llama-orch/client';
import { hashKey, newKey } from '../../src/kernel/key-hash.js';
import { eventually } from '../support/eventually.js';
import { HeldClock } from '../support/held-clock.js';
import { terminalOf } from '../support/read-events.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

const sessionOf = async (app: TestApp, id: string) => (await app.call<Session>(`/v1/sessions/${id}`)).body;
const turn = (session_id: string, prompt = 'a frog', more: object = {}) => completion(prompt, { session_id, ...more });

async function finished(app: TestApp, body: unknown) {
  const { task_id } = await app.submit(body);
  return app.frames(task_id);
}

describe('A session', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ sessions: { max_turns: 3 }, pools: [mockPool({}, { slots: 2 })] });
  });

  it('begins with its first accepted task and counts its turns (ORCH-2004, ORCH-3021)', async () => {
    const id = randomUUID();
    expectProblem(await app.call(`/v1/sessions/${id}`), 404, 'NOT_FOUND');
    await finished(app, turn(id.toUpperCase()));
    expect(await sessionOf(app, id)).toEqual({
      ...{ session_id: id, turns: 1, kv_bytes: 0, kv_warmth: true },
      ttl_ms_remaining: expect.any(Number) as number,
    });
    await finished(app, turn(id));
    expect(await sessionOf(app, id)).toMatchObject({ turns: 2 });
  });

  it('is not begun by a task that is refused (ORCH-4401)', async () => {
    const id = randomUUID();
    expectProblem(await app.post(turn(id, 'x', { model_ref: 'nowhere' })), 404, 'NOT_FOUND');
    expect((await app.call(`/v1/sessions/${id}`)).status).toBe(404);
  });

  it('refuses the turn after its last one, and its cache is let go (ORCH-4604, ORCH-3021, ORCH-3022)', async () => {
    const id = randomUUID();
    for (let count = 0; count < 3; count++) await finished(app, turn(id));
    expect((await sessionOf(app, id)).kv_warmth).toBe(true);
    const answer = await app.post(turn(id));
    expectProblem(answer, 409, 'TURN_LIMIT');
    expect(answer.body).toMatchObject({ retriable: false, limit: { name: 'sessions.max_turns', value: 3, used: 3 } });
    expect(await sessionOf(app, id)).toMatchObject({ turns: 3, kv_warmth: false });
  });

  it('is forgotten when it is deleted, and its running task is cancelled (ORCH-2005)', async () => {
    const id = randomUUID();
    const { task_id } = await app.submit(turn(id, '[[mock:stall@1]] long'));
    const reader = await app.follow(task_id);
    await reader.until('token');
    for (const _ of ['once', 'again']) {
      expect((await app.call(`/v1/sessions/${id}`, { method: 'DELETE' })).status).toBe(204);
    }
    expect(terminalOf(await reader.rest())).toMatchObject({ event: 'end', data: { finish_reason: 'cancelled' } });
    expectProblem(await app.call(`/v1/sessions/${id}`), 404, 'NOT_FOUND');
    await finished(app, turn(id));
    expect(await sessionOf(app, id)).toMatchObject({ turns: 1 });
  });

  it('has a UUID as its id; anything else is not there (ORCH-2004, ORCH-2005)', async () => {
    for (const method of ['GET', 'DELETE'])
      expectProblem(await app.call('/v1/sessions/mine', { method }), 404, 'NOT_FOUND');
  });

  it('has a warm cache on the replica of its last task alone (ORCH-3023, OC-CORE-1013)', async () => {
    const [one, two, three] = [randomUUID(), randomUUID(), randomUUID()];
    for (const id of [one, two]) await finished(app, turn(id));
    const [started] = await finished(app, turn(one));
    expect(started).toMatchObject({ event: 'started', data: { kv_warmth: true } });
    // Two slots hold two caches: the one that was used longest ago had to go.
    await finished(app, turn(three));
    const warmth = await Promise.all([one, two, three].map(async (id) => (await sessionOf(app, id)).kv_warmth));
    expect(warmth).toEqual([true, false, true]);
  });

  it('loses its cache to tasks outside sessions too (ORCH-3022)', async () => {
    const id = randomUUID();
    await finished(app, turn(id));
    for (let count = 0; count < 2; count++) await finished(app, completion());
    expect((await sessionOf(app, id)).kv_warmth).toBe(false);
  });
});

describe('The list of sessions', () => {
  const keys = { a: newKey('a'), b: newKey('b') };
  const as = (name: 'a' | 'b') => ({ authorization: `Bearer ${keys[name]}` });
  let app: TestApp;
  beforeAll(async () => {
    const record = (id: 'a' | 'b') => ({ id, hash: hashKey(keys[id]), tenant: id, scopes: ['infer', 'observe'] });
    app = await startTestApp({ auth: { keys: [record('a'), record('b')] } });
    await eventually(async () =>
      expect((await app.call<{ ready: boolean }>('/v1/pools/mock/health', { headers: as('a') })).body.ready).toBe(true),
    );
  });

  it('comes in pages, newest first, and only with the own ones (ORCH-2004)', async () => {
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    for (const id of ids) await app.submit(turn(id), as('a'));
    await app.submit(turn(randomUUID()), as('b'));
    const first = (await app.call<SessionList>('/v1/sessions?limit=2', { headers: as('a') })).body;
    const path = `/v1/sessions?limit=2&cursor=${first.next_cursor}`;
    const second = (await app.call<SessionList>(path, { headers: as('a') })).body;
    expect([...first.items, ...second.items].map(({ session_id }) => session_id)).toEqual(ids.toReversed());
    expect(second.next_cursor).toBeNull();
  });

  it('refuses a page size and a cursor that cannot be (ORCH-4301)', async () => {
    for (const query of ['limit=0', 'limit=201', 'cursor=x', 'limit=1&limit=2'])
      expectProblem(await app.call(`/v1/sessions?${query}`, { headers: as('a') }), 400, 'INVALID_PARAMS');
  });

  it('and every id belong to one tenant: the same id elsewhere is another session (ORCH-2004, ORCH-2005)', async () => {
    const id = randomUUID();
    await app.submit(turn(id), as('a'));
    expectProblem(await app.call(`/v1/sessions/${id}`, { headers: as('b') }), 404, 'NOT_FOUND');
    expect((await app.call(`/v1/sessions/${id}`, { method: 'DELETE', headers: as('b') })).status).toBe(204);
    expect((await app.call<Session>(`/v1/sessions/${id}`, { headers: as('a') })).body.turns).toBe(1);
  });
});

describe('A session without a task', () => {
  it('expires when its time is over, and reading does not extend it (ORCH-3021, ORCH-4604)', async () => {
    const app = await startTestApp({ sessions: { ttl_ms: 300 } });
    const clock = new HeldClock(app);
    const id = randomUUID();
    await finished(app, turn(id));
    clock.leap(299);
    expect((await app.call(`/v1/sessions/${id}`)).status).toBe(200);
    clock.leap(1);
    expect((await app.call(`/v1/sessions/${id}`)).status).toBe(404);
    expect(await app.metric('llama_orch_session_evictions_total', { reason: 'expired' })).toBe(1);
    expect(await app.metric('llama_orch_sessions_active')).toBe(0);
  });

  it('does not expire while its task runs (ORCH-4604)', async () => {
    const app = await startTestApp({ sessions: { ttl_ms: 100 } });
    const id = randomUUID();
    const clock = new HeldClock(app);
    const { task_id } = await app.submit(turn(id, '[[mock:stall@1]] slow'));
    await (await app.follow(task_id)).until('token');
    clock.leap(1_000);
    expect((await app.call(`/v1/sessions/${id}`)).status).toBe(200);
    await app.cancel(task_id);
    await eventually(async () => {
      clock.leap(100);
      expect((await app.call(`/v1/sessions/${id}`)).status).toBe(404);
    });
  });
});

describe('A session and its replicas', () => {
  it('stays with the replica of its last task, while that one has a free slot (ORCH-3009, OC-CORE-1013)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, { replicas: 3, slots: 1 })] });
    const home = randomUUID();
    const long = () => app.submit(completion('[[mock:stall@1]] x'));
    // Others take the first replicas, so the session begins on the last one; when they are gone, it stays there.
    const others = [await long(), await long()];
    await finished(app, turn(home));
    const { replica_id: first } = await app.task((await app.submit(turn(home))).task_id);
    for (const { task_id } of others) await app.cancel(task_id);
    await app.untilIdle();
    const second = await app.submit(turn(home));
    const cold = await app.submit(turn(home, 'a frog', { kv_hint: 'cold' }));
    expect((await app.task(second.task_id)).replica_id).toBe(first);
    expect((await app.task(cold.task_id)).replica_id).not.toBe(first);
  });

  it('tells on fail-over that nothing is warm and nothing moved (ORCH-3023, OC-CORE-1013)', async () => {
    const app = await startTestApp({ stream: { metrics_ms: 10 }, pools: [mockPool({}, { replicas: 2, slots: 1 })] });
    const id = randomUUID();
    await finished(app, turn(id));
    const frames = await finished(app, turn(id, '[[mock:reset@0x1]] once'));
    const metrics = frames.filter(({ event }) => event === 'metrics').map(({ data }) => data);
    expect(metrics[0]).toMatchObject({ requeued: true, kv_warmth: false, kv_migrated: false });
  });
});
