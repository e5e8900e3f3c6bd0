import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { mockPool, startTestApp, type TestApp } from '../support/start-app.js';

let folder: string;
let app: TestApp;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llama-orch-audit-outage-'));
  app = await startTestApp({ storage: { data_dir: folder }, pools: [mockPool(), mockPool({}, { id: 'other' })] });
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

const drain = (pool: string) => app.call(`/v1/pools/${pool}/drain`, { method: 'POST', body: { deadline_ms: 0 } });

describe('A daemon that cannot write its audit', () => {
  it('says that it is not ready, lets its operator act all the same, and gets ready by itself (F-08, ORCH-4808)', async () => {
    renameSync(join(folder, 'audit'), join(folder, 'gone'));
    expect((await drain('mock')).status).toBe(202);
    const probe = await app.call('/readyz');
    expect([probe.status, probe.text]).toEqual([503, 'audit']);
    expect((await app.call('/livez')).status).toBe(200);
    const told = () =>
      app.lines.filter(({ event, level }) => event === 'audit' && level === 'error').map(({ message }) => message);
    expect(told().join('\n')).toMatch(/cannot be written[^]*not in the audit/);
    mkdirSync(join(folder, 'audit'), { mode: 0o700 });
    await eventually(async () => expect((await app.call('/readyz')).status).toBe(200));
    expect(told().at(-1)).toContain('changed by others');
    expect((await drain('other')).status).toBe(202);
    const { body } = await app.call<{ items: { action: string; reason: string | null }[] }>('/v1/audit');
    expect(body.items[0]).toMatchObject({ action: 'pool.drain', target: 'other' });
    const notes = body.items.filter(({ action }) => action === 'audit.start');
    expect(notes[0]?.reason).toMatch(/^the audit can be written again; \d+ rows were refused since /);
  });
});
