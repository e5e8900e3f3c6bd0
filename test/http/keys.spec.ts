import { hashKey, newKey } from '../../src/kernel/key-hash.js';
import { type Scope } from '../../src/config/index.js';
import { head, sendRaw } from '../support/raw-http.js';
import { type Answer, completion, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

const EVERYTHING: readonly Scope[] = ['infer', 'artifacts', 'tools', 'control', 'observe', 'admin'];
const KEYS = { anna: newKey('anna'), ben: newKey('ben'), watcher: newKey('watcher'), old: newKey('old') };

function record(id: keyof typeof KEYS, tenant: string, scopes: readonly Scope[], more: object = {}): object {
  return { id, hash: hashKey(KEYS[id]), tenant, scopes, ...more };
}

function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` };
}

let app: TestApp;
beforeAll(async () => {
  const keys = [
    record('anna', 'a', EVERYTHING),
    record('ben', 'b', ['infer']),
    record('watcher', 'b', ['observe']),
    record('old', 'a', EVERYTHING, { expires_ms: 1 }),
  ];
  app = await startTestApp({ auth: { keys } });
});

describe('A daemon with keys', () => {
  it('refuses a call without one, and says how to send it (ORCH-3035, OC-CTRL-2040, ORCH-4301)', async () => {
    for (const call of [
      app.post(completion()),
      app.call('/v1/pools'),
      app.call('/nowhere'),
      app.call('/v1/tasks', { method: 'DELETE' }),
    ]) {
      const answer = await call;
      expectProblem(answer, 401, 'UNAUTHENTICATED');
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it.each([
    ['an unknown key', newKey('anna')],
    ['a key of nobody', newKey('nobody')],
    ['a text that is no key', 'sesame'],
    ['the hash itself', hashKey(KEYS.anna)],
    ['an expired key', KEYS.old],
  ])('refuses %s with 403, without repeating it (ORCH-3035, ORCH-4109, OC-CTRL-2041)', async (_what, key) => {
    const answer = await app.post(completion(), bearer(key));
    expectProblem(answer, 403, 'FORBIDDEN');
    expect(answer.text).not.toContain(key);
  });

  it('takes a key from Authorization or X-API-Key, or twice the same (OC-CTRL-2040)', async () => {
    const ways = [
      bearer(KEYS.anna),
      { authorization: `bearer   ${KEYS.anna}` },
      { 'x-api-key': KEYS.anna },
      { ...bearer(KEYS.anna), 'x-api-key': KEYS.anna },
    ];
    for (const headers of ways) expect((await app.call('/v1/pools', { headers })).status).toBe(200);
    expectProblem(
      await app.call('/v1/pools', { headers: { ...bearer(KEYS.anna), 'x-api-key': KEYS.ben } }),
      401,
      'UNAUTHENTICATED',
    );
    expectProblem(
      await app.call('/v1/pools', { headers: { authorization: `Basic ${KEYS.anna}` } }),
      401,
      'UNAUTHENTICATED',
    );
    expectProblem(await app.call('/v1/pools', { headers: { authorization: 'Bearer ' } }), 401, 'UNAUTHENTICATED');
  });

  it('refuses a key without the scope of the route (ORCH-4109)', async () => {
    expectProblem(await app.call('/v1/pools', { headers: bearer(KEYS.ben) }), 403, 'FORBIDDEN');
    const answer = await app.post(completion(), bearer(KEYS.watcher));
    expect(expectProblem(answer, 403, 'FORBIDDEN')['message']).toContain('infer');
  });

  it('looks at the key before the body (OC-CTRL-2040, ORCH-4401)', async () => {
    for (const body of ['{', 'x'.repeat(5 * 1024 * 1024), Buffer.from([0xff])]) {
      expectProblem(await app.post(body), 401, 'UNAUTHENTICATED');
    }
    const early = head(
      'POST /v1/tasks HTTP/1.1',
      'Host: localhost',
      'Content-Type: application/json',
      'Content-Length: 100',
      'Connection: close',
    );
    expect((await sendRaw(app.url, early)).status).toBe(401);
    expectProblem(await app.post('x', { 'content-type': 'text/plain' }), 401, 'UNAUTHENTICATED');
  });

  it('keeps probes, metrics and documents open on loopback (ORCH-4108, ORCH-4301)', async () => {
    for (const path of [
      '/livez',
      '/readyz',
      '/healthz',
      '/metrics',
      '/openapi/data.json',
      '/openapi/control.json',
      '/problems/not-found',
    ]) {
      for (const headers of [{}, bearer('sesame')]) expect((await app.call(path, { headers })).status).toBe(200);
    }
    expect((await app.call('/readyz?verbose')).text).toBe('ok');
    expect((await app.call('/readyz?verbose', { headers: bearer(KEYS.ben) })).text).toBe('ok');
    expect((await app.call('/readyz?verbose', { headers: bearer(KEYS.watcher) })).text).toContain('[+]config ok');
  });

  it('hides the tasks of one tenant from another (ORCH-4109, ORCH-4106)', async () => {
    await app.call('/v1/pools', { headers: bearer(KEYS.anna) });
    const submit = (key: string, more: object = {}) =>
      app.post<{ task_id: string }>(completion('x', more), bearer(key));
    const { task_id } = (await submit(KEYS.anna)).body;
    const routes = [`/v1/tasks/${task_id}`, `/v1/tasks/${task_id}/stream`];
    for (const path of routes) {
      expect((await app.call(path, { headers: bearer(KEYS.anna) })).status).toBe(200);
      expectProblem(await app.call(path, { headers: bearer(KEYS.ben) }), 404, 'NOT_FOUND');
    }
    expectProblem(await app.cancel(task_id, bearer(KEYS.ben)), 404, 'NOT_FOUND');
    const list = async (key: string) =>
      (await app.call<{ items: unknown[] }>('/v1/tasks', { headers: bearer(key) })).body.items.length;
    expect([await list(KEYS.anna), await list(KEYS.ben)]).toEqual([1, 0]);

    const same: Answer = await submit(KEYS.ben, { task_id });
    expect([same.status, same.headers.get('idempotency-replayed')]).toEqual([202, null]);
    expect([await list(KEYS.anna), await list(KEYS.ben)]).toEqual([1, 1]);
  });

  it('takes the tenant from the key alone (ORCH-4109)', async () => {
    expectProblem(await app.post(completion('x', { tenant: 'a' }), bearer(KEYS.ben)), 400, 'INVALID_PARAMS');
    await app.post(completion(), { ...bearer(KEYS.ben), 'x-tenant': 'a', 'x-tenant-id': 'a' });
    const lines = app.lines.filter(({ event }) => event === 'admission');
    expect(lines.at(-1)).toMatchObject({ tenant_id: 'b', client_id: 'ben' });
  });

  it('writes no key into its log (OC-CTRL-2041)', () => {
    const log = JSON.stringify(app.lines);
    for (const key of Object.values(KEYS)) expect(log).not.toContain(key);
  });
});

describe('A daemon without keys', () => {
  it('serves everybody on loopback as tenant default, with all scopes (ORCH-4110, OC-CLI-3001)', async () => {
    const open = await startTestApp();
    for (const path of ['/v1/pools', '/v1/capabilities', '/v1/plugins', '/v1/tasks'])
      expect((await open.call(path)).status).toBe(200);
    expect((await open.call('/v1/pools', { headers: bearer('any key at all') })).status).toBe(200);
    await open.submit(completion());
    expect(open.lines.find(({ event }) => event === 'admission')).toMatchObject({ tenant_id: 'default' });
  });
});
