import { randomUUID } from 'node:crypto';
import { type AuditDetail, type AuditPage, type AuditRow } from '@llama-orch/client';
import { hashKey, newKey } from '../../src/kernel/key-hash.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { Upstream } from '../support/upstream.js';
import { expectProblem } from './contract.js';

const KEYS = { a: newKey('a'), b: newKey('b') };
let upstream: Upstream;
let app: TestApp;

beforeAll(async () => {
  upstream = await Upstream.start((_asked, response) => response.end('hello'));
  const keys = (['a', 'b'] as const).map((id) => {
    const scopes = ['infer', 'tools', 'observe'];
    return { id, hash: hashKey(KEYS[id]), tenant: `tenant-${id}`, scopes };
  });
  const policies = [{ builtin: 'per-task-budget', settings: { max_calls: 2, without_task: 'allow' } }];
  const egress = { ports: [upstream.port], rate_per_s: 1_000 };
  const pools = [mockPool({}, { labels: { zone: 'a' } })];
  // A busy machine takes longer than a chain of policies may.
  const policy = { deadline_ms: 10_000 };
  app = await startTestApp({ egress, policies, policy, pools, auth: { keys, protect_metrics: false } });
});
afterAll(() => upstream.close());

const keyOf = (who: keyof typeof KEYS) => ({ 'x-api-key': KEYS[who] });
const call = (body: object, who: keyof typeof KEYS = 'a') =>
  app.call<Record<string, unknown>>('/v1/tools/http', {
    method: 'POST',
    body: { url: upstream.url(), ...body },
    headers: keyOf(who),
  });

/** The row of the last request that policies let out, and what they were asked. */
async function lastAsked(): Promise<{ row: AuditRow; event: Record<string, unknown>; counters: object }> {
  const { items } = (await app.call<AuditPage>('/v1/audit?action=tool.request&limit=1', { headers: keyOf('a') })).body;
  const { row, record } = (await app.call<AuditDetail>(`/v1/audit/${items[0]?.seq}`, { headers: keyOf('a') })).body;
  return { row, ...(record as { event: Record<string, unknown>; counters: object }) };
}

async function taskOf(who: keyof typeof KEYS, more: object = {}): Promise<{ id: string; session: string }> {
  const session = randomUUID();
  const { task_id: id } = await app.submit(completion('a frog', { session_id: session, ...more }), keyOf(who));
  return { id, session };
}

describe('for whom a tool call is made (ORCH-4705)', () => {
  it('can be a session and a task of the caller, also one that has ended', async () => {
    const { id, session } = await taskOf('a');
    await app.frames(id, { headers: keyOf('a') });
    expect((await call({ task_id: id.toUpperCase(), session_id: session })).status).toBe(200);
    expect((await call({ session_id: session })).status).toBe(200);
  });

  it('is nobody of another tenant, and nobody unknown', async () => {
    const { id, session } = await taskOf('b');
    const asked = upstream.asked.length;
    for (const body of [
      { task_id: id },
      { session_id: session },
      { task_id: randomUUID() },
      { session_id: randomUUID() },
    ])
      expectProblem(await call(body), 404, 'NOT_FOUND');
    expect(upstream.asked).toHaveLength(asked);
  });

  it('is no cancelled task', async () => {
    const { id } = await taskOf('a', { prompt: '[[mock:stall@1]] a frog' });
    await app.cancel(id, keyOf('a'));
    expectProblem(await call({ task_id: id }), 409, 'CONFLICT');
  });

  it('is no session beside the one of the task', async () => {
    const [first, second] = [await taskOf('a'), await taskOf('a')];
    const problem = expectProblem(await call({ task_id: first.id, session_id: second.session }), 400, 'INVALID_PARAMS');
    expect(problem['errors']).toEqual([expect.objectContaining({ pointer: '/session_id' })]);
  });

  it('is counted per task, so that a budget of calls holds (OC-POLICY-4001)', async () => {
    const [first, second] = [await taskOf('a'), await taskOf('a')];
    const statuses = [];
    for (const { id } of [first, first, first, second]) statuses.push((await call({ task_id: id })).status);
    expect(statuses).toEqual([200, 200, 403, 200]);
  });

  it('is told to policies with the labels of the task itself, and stands in the audit (OC-POLICY-4010, ORCH-4704)', async () => {
    const { id, session } = await taskOf('a', { pool_labels: { zone: 'a' } });
    expect((await call({ task_id: id })).status).toBe(200);
    const { row, event } = await lastAsked();
    expect([row.task_id, row.session_id]).toEqual([id, session]);
    expect(event['task']).toEqual({ id, attempt: 1, labels: { zone: 'a' } });
    const { items } = (await app.call<AuditPage>('/v1/audit?action=tool.response&limit=1', { headers: keyOf('a') }))
      .body;
    expect([items[0]?.task_id, items[0]?.session_id]).toEqual([id, session]);
    expect((await call({})).status).toBe(200);
    const alone = await lastAsked();
    expect([alone.row.task_id, alone.row.session_id]).toEqual([null, null]);
    expect(alone.event['task']).toEqual({ id: null, attempt: 1, labels: {} });
  });

  it('is counted per session too, over its tasks, for policies that ask (OC-POLICY-4001)', async () => {
    const session = randomUUID();
    const [first, second] = [await taskOf('a', { session_id: session }), await taskOf('a', { session_id: session })];
    const counters = [];
    for (const more of [{ task_id: first.id }, { task_id: second.id }, { session_id: session }]) {
      expect((await call({ method: 'POST', body: '12345', ...more })).status).toBe(200);
      counters.push((await lastAsked()).counters);
    }
    expect(counters).toEqual([
      { calls_in_task: 0, bytes_out: 0, calls_in_session: 0, bytes_out_session: 0 },
      { calls_in_task: 0, bytes_out: 0, calls_in_session: 1, bytes_out_session: 5 },
      { calls_in_task: 0, bytes_out: 0, calls_in_session: 2, bytes_out_session: 10 },
    ]);
  });
});
