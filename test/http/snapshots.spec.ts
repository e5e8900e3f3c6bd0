import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type StoreSnapshot } from '@llama-orch/client';
import { type Scope } from '../../src/config/index.js';
import { hashKey, newKey } from '../../src/kernel/key-hash.js';
import { WorkerStore } from '../../src/persistence/store/worker-store.js';
import { startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

const KEYS = { admin: newKey('admin'), control: newKey('control') };
const record = (id: keyof typeof KEYS, scopes: readonly Scope[]) => ({
  id,
  hash: hashKey(KEYS[id]),
  tenant: 'a',
  scopes,
});

let app: TestApp;
beforeAll(async () => {
  const keys = [record('admin', ['admin']), record('control', ['control', 'observe'])];
  app = await startTestApp({ auth: { keys } }, []);
});

const take = (key: keyof typeof KEYS) =>
  app.call<StoreSnapshot>('/v1/snapshots', { method: 'POST', headers: { authorization: `Bearer ${KEYS[key]}` } });

/** Copies wait before they begin, until the answer is called. */
function holdSnapshots(): () => void {
  const store = WorkerStore.prototype;
  const snapshot = Reflect.get<WorkerStore, 'snapshot'>(store, 'snapshot');
  const { promise, resolve } = Promise.withResolvers<void>();
  store.snapshot = async function (file) {
    await promise;
    await snapshot.call(this, file);
  };
  return () => {
    store.snapshot = snapshot;
    resolve();
  };
}

describe('POST /v1/snapshots', () => {
  it('copies the database for those with the scope admin, one copy at a time, and keeps the newest (HME-051)', async () => {
    expectProblem(await take('control'), 403, 'FORBIDDEN');
    const letGo = holdSnapshots();
    const [first, second] = [take('admin'), take('admin')];
    const refused = await Promise.race([first, second]);
    expectProblem(refused, 409, 'CONFLICT');
    expect(refused.body).toMatchObject({ retriable: true });
    letGo();
    expect([(await first).status, (await second).status].toSorted()).toEqual([201, 409]);
    const { status, body } = await take('admin');
    expect([status, body.size_bytes > 4_096]).toEqual([201, true]);
    expect(readdirSync(join(app.folder, 'snapshots'))).toEqual([body.name]);
  });
});

describe('GET /metrics', () => {
  it('shows how the store does (ORCH-4901)', async () => {
    const { text } = await app.call<string>('/metrics', { headers: { authorization: `Bearer ${KEYS.control}` } });
    expect(text).toMatch(/^llama_orch_store_errors_total 0$/m);
    expect(text).toMatch(/^llama_orch_disk_free_bytes [1-9]/m);
    expect(text).toMatch(/^llama_orch_wal_bytes \d+$/m);
    expect(text).toMatch(/^llama_orch_store_write_seconds_count \d+$/m);
  });
});
