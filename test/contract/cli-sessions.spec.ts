import { type Session } from '@llama-orch/client';
import { type Route } from './support/contract-server.js';
import { always, cli, closeServerAfterEach, server, TASK_ID } from './support/cli-rig.js';

closeServerAfterEach();

const SESSION_ID = '0198f1d2-7c3a-7b21-8f3e-000000000001';
const SESSION: Session = { session_id: SESSION_ID, ttl_ms_remaining: 90_000, turns: 2, kv_bytes: 0, kv_warmth: true };
const BUDGETS = { tokens_budget_remaining: 49_000, time_budget_remaining_ms: 598_000, cost_budget_remaining: 0.98 };

describe('llama-orch sessions', () => {
  it('ls lists turns, time, cache and what is left to spend (ORCH-2004, OC-CTRL-2068)', async () => {
    const items = [
      { ...SESSION, ...BUDGETS },
      { ...SESSION, kv_warmth: false },
    ];
    const route: Route = () => ({ status: 200, body: { items, next_cursor: 'n' } });
    const { code, io } = await cli(['sessions', 'ls', '--limit', '2'], { 'GET /v1/sessions': route });
    expect(code).toBe(0);
    const [, first, second] = io.out.split('\n');
    expect(first).toMatch(/^0198\S+ +2 +90\.0 s +warm +49000 tokens, 10 min of decoding, cost 0\.98$/);
    expect(second).toMatch(/ cold +-$/);
    expect(io.err).toContain('--cursor n');
    expect(server.received[0]?.query.get('limit')).toBe('2');
  });

  const show = { 'GET /v1/sessions/{id}': always({ status: 200, body: { ...SESSION, ...BUDGETS } }) };

  it('show prints one session (ORCH-2004)', async () => {
    const { io } = await cli(['sessions', 'show', SESSION_ID], show);
    expect(io.out).toMatch(/turns +2\n/);
    expect(io.out).toMatch(/tokens_budget_remaining +49000\n/);
  });

  it('show prints one JSON document on request (ORCH-2004)', async () => {
    const { io } = await cli(['sessions', 'show', SESSION_ID, '--json'], show);
    expect(io.json).toMatchObject({ schema_version: 1, session_id: SESSION_ID, kv_warmth: true });
  });

  it('rm forgets one, and says so (ORCH-2005)', async () => {
    const { code, io } = await cli(['sessions', 'rm', SESSION_ID], {
      'DELETE /v1/sessions/{id}': always({ status: 204 }),
    });
    expect([code, io.out]).toEqual([0, '']);
    expect(io.err).toContain('no such session any more');
    expect(server.received[0]).toMatchObject({ method: 'DELETE', id: SESSION_ID });
  });
});

it('submit closes with what is left in the session (OC-METRICS-7111)', async () => {
  const frames = [
    { id: 1, event: 'started', data: { queue_position: 0, predicted_start_ms: 0 } },
    { id: 2, event: 'token', data: { t: 'old pond', i: 0 } },
    { id: 3, event: 'metrics', data: { queue_depth: 0, on_time_probability: 1, ...BUDGETS } },
    { id: 4, event: 'end', data: { tokens_out: 2, decode_ms: 4, finish_reason: 'budget' } },
  ] as const;
  const stream: Route = () => ({ status: 200, frames: [...frames] });
  const { io } = await cli(['stream', TASK_ID], { 'GET /v1/tasks/{id}/stream': stream });
  expect(io.err).toMatch(/budget.*; left in the session: 49000 tokens, 10 min of decoding, cost 0\.98/);
});
