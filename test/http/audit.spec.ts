import { type AuditDetail, type AuditKey, type AuditPage, type AuditRow } from '@llama-orch/client';
import { hashKey, newKey } from '../../src/kernel/key-hash.js';
import { eventually } from '../support/eventually.js';
import { mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectSchema } from './contract.js';

const KEYS = {
  admin: newKey('admin'),
  ann: newKey('ann'),
  bob: newKey('bob'),
  plain: newKey('plain'),
};
const record = (id: keyof typeof KEYS, tenant: string, scopes: readonly string[]) => ({
  ...{ id, tenant, scopes, hash: hashKey(KEYS[id]) },
});
const AUTH = {
  keys: [
    record('admin', 'default', ['observe', 'control', 'admin']),
    record('ann', 'tenant-a', ['observe', 'control']),
    record('bob', 'tenant-b', ['observe', 'control']),
    record('plain', 'tenant-a', ['infer']),
  ],
};
const by = (id: keyof typeof KEYS, more: object = {}) => ({
  headers: { authorization: `Bearer ${KEYS[id]}`, ...more },
});

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ auth: AUTH, pools: [mockPool(), mockPool({}, { id: 'other' })] }, []);
  for (const pool of ['mock', 'other'])
    await eventually(async () => {
      const { body } = await app.call<{ ready: boolean }>(`/v1/pools/${pool}/health`, by('admin'));
      expect(body.ready).toBe(true);
    });
  // These rows wait for nobody, and nobody for them.
  await eventually(async () => expect(await page('?action=pool.lifecycle')).toHaveLength(2));
  const drain = (pool: string, id: keyof typeof KEYS) =>
    app.call(`/v1/pools/${pool}/drain`, {
      method: 'POST',
      body: { deadline_ms: 0 },
      ...by(id, { 'x-correlation-id': id }),
    });
  expect((await drain('mock', 'ann')).status).toBe(202);
  expect((await drain('other', 'bob')).status).toBe(202);
  const reload = { method: 'POST', body: { new_model_ref: 'file:/nowhere/missing.gguf' }, ...by('ann') };
  expect((await app.call('/v1/pools/mock/reload', reload)).status).toBe(409);
});

const page = async (query: string, id: keyof typeof KEYS = 'admin') =>
  (await app.call<AuditPage>(`/v1/audit${query}`, by(id))).body.items;
const facts = ({ actor, tenant, action, target, decision }: AuditRow) => [actor, tenant, action, target, decision];

describe('GET /v1/audit', () => {
  it('tells who did what, and what came of it, newest first (ORCH-4704, OC-POLICY-4032)', async () => {
    expect((await page('?action=pool.reload')).map(facts)).toEqual([
      ['ann', 'tenant-a', 'pool.reload', 'mock', 'failed'],
    ]);
    expect((await page('?action=pool.drain')).map(facts)).toEqual([
      ['bob', 'tenant-b', 'pool.drain', 'other', 'ok'],
      ['ann', 'tenant-a', 'pool.drain', 'mock', 'ok'],
    ]);
    const [reload] = await page('?action=pool.reload');
    expect(reload).toMatchObject({
      code: 'CONFLICT',
      reason: expect.stringContaining('to file:/nowhere/missing.gguf: ') as string,
    });
    const [load] = await page('?action=config.load');
    expect(load).toMatchObject({ actor: 'system', digest: expect.stringMatching(/^sha256:/) as string, seq: 2 });
  });

  it('tells what becomes of replicas', async () => {
    await eventually(async () => {
      const rows = await page('?action=pool.lifecycle');
      expect(rows.map(({ target, decision }) => `${target} ${decision}`)).toEqual(
        expect.arrayContaining(['mock-0 ok', 'other-0 ok']),
      );
    });
  });

  it('answers as the contract says (ORCH-3044-v31)', async () => {
    const answer = await app.call<AuditPage>('/v1/audit?limit=2', by('admin'));
    expectSchema('AuditPage', answer.body);
    const one = await app.call<AuditDetail>('/v1/audit/1', by('admin'));
    expectSchema('AuditDetail', one.body);
    const key = await app.call<AuditKey>('/v1/audit-key', by('admin'));
    expectSchema('AuditKey', key.body);
    expect(key.body.public_key).toContain('BEGIN PUBLIC KEY');
  });

  it('goes from page to page, and on from any row', async () => {
    const seqs = (await page('?limit=200')).map(({ seq }) => seq);
    const seen: number[] = [];
    for (let query: string | undefined = '?limit=2'; query !== undefined;) {
      const { body }: { body: AuditPage } = await app.call<AuditPage>(`/v1/audit${query}`, by('admin'));
      seen.push(...body.items.map(({ seq }) => seq));
      query = body.next_cursor === null ? undefined : `?limit=2&cursor=${body.next_cursor}`;
    }
    expect(seen).toEqual(seqs);
    const after = (await page('?after=1&limit=2')).map(({ seq }) => seq);
    expect(after).toEqual([2, 3]);
    const { body } = await app.call<AuditPage>('/v1/audit?after=1&limit=2', by('admin'));
    expect((await page(`?after=1&limit=2&cursor=${body.next_cursor}`)).map(({ seq }) => seq)).toEqual([4, 5]);
    expect(await page('?since_ms=4000000000000')).toEqual([]);
  });

  it('shows a key the rows of its tenant, and those of all only to admin (ORCH-4704)', async () => {
    const tenants = async (id: keyof typeof KEYS, query = '?limit=200') =>
      [...new Set((await page(query, id)).map(({ tenant }) => tenant))].sort();
    expect(await tenants('ann')).toEqual(['tenant-a']);
    expect(await tenants('bob')).toEqual(['tenant-b']);
    expect(await tenants('admin')).toEqual(['default', 'tenant-a', 'tenant-b']);
    expect(await tenants('admin', '?tenant=tenant-b')).toEqual(['tenant-b']);
    expect((await app.call('/v1/audit?tenant=tenant-b', by('ann'))).status).toBe(403);
    const [mine] = await page('?action=pool.drain', 'ann');
    expect((await app.call(`/v1/audit/${mine!.seq}`, by('ann'))).status).toBe(200);
    expect((await app.call(`/v1/audit/${mine!.seq}`, by('bob'))).status).toBe(404);
  });

  it('needs the scope observe (OC-CTRL-2040)', async () => {
    expect((await app.call('/v1/audit', by('plain'))).status).toBe(403);
    expect((await app.call('/v1/audit')).status).toBe(401);
  });

  it.each([
    '?action=nothing',
    '?since_ms=-1',
    '?after=x',
    '?limit=0',
    '?cursor=!!',
    '?action=admission&action=admission',
  ])('refuses %s', async (query) => expect((await app.call(`/v1/audit${query}`, by('admin'))).status).toBe(400));

  it.each(['0', '-1', '1e3', '99999999', 'x'])('knows no row %s', async (seq) => {
    expect((await app.call(`/v1/audit/${seq}`, by('admin'))).status).toBe(404);
  });

  it('shows in the metrics what it writes', async () => {
    const metric = async (name: string, labels = {}) => {
      const { text } = await app.call('/metrics', by('admin'));
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${String(value)}"`);
      const line = text.split('\n').find((one) => one.startsWith(name) && wanted.every((pair) => one.includes(pair)));
      return Number(line?.split(' ').at(-1));
    };
    expect(await metric('llama_orch_audit_rows_total', { action: 'pool.drain' })).toBe(2);
    expect(await metric('llama_orch_audit_chain_ok')).toBe(1);
    expect(await metric('llama_orch_audit_append_seconds_count')).toBeGreaterThan(4);
  });
});

describe('GET /readyz', () => {
  it('looks at the audit too (ORCH-4808)', async () => {
    expect((await app.call('/readyz?verbose', by('admin'))).text).toContain('[+]audit ok');
  });
});
