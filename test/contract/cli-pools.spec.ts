import { type PoolReloaded, type ReloadPlan } from '@llama-orch/client';
import { type Answer } from './support/contract-server.js';
import { always, cli, closeServerAfterEach, POOL, server } from './support/cli-rig.js';

closeServerAfterEach();

const RELOADED: PoolReloaded = {
  ...{ status: 'ok', pool_id: 'chat', model_ref: 'file:/models/qwen.gguf', model_digest: 'sha256:ab' },
  ...{ engine_version: '1.0.0', took_ms: 2140 },
};
const PLAN: ReloadPlan = {
  ...{ status: 'plan', pool_id: 'chat', weights_bytes: 3 * 1024 * 1024, steps: ['start: load it', 'shift: serve it'] },
  from: { model_ref: 'haiku-nano', model_digest: 'sha256:old' },
  to: { model_ref: 'file:/models/qwen.gguf', model_digest: null },
  tasks: { running: 2, waiting: 3, waiting_for_old_model: 1 },
};

function refusal(more: object): Answer {
  const message = 'the reload of pool chat failed at start: it does not fit; haiku-nano serves as before';
  return {
    status: 409,
    body: {
      ...{ type: '/problems/conflict', title: 'Conflict', status: 409, detail: message, message, code: 'CONFLICT' },
      ...{ instance: '/v1/pools/chat/reload', correlation_id: 'c', retriable: false, pool_id: 'chat' },
      ...{ reload: 'rollback', failed_step: 'start', serving: { model_ref: 'haiku-nano', model_digest: null } },
      ...more,
    },
  };
}

const reload = (answer: Answer) => ({ 'POST /v1/pools/{id}/reload': always(answer) });

describe('llama-orch pools', () => {
  it.each(['list', 'ls'])('%s lists pools (ORCH-2103, OC-CLI-2102)', async (name) => {
    const page = { status: 200, body: { items: [POOL], next_cursor: null } };
    const { code, io } = await cli(['pools', name], { 'GET /v1/pools': always(page) });
    expect(code).toBe(0);
    expect(io.out.split('\n')[1]).toMatch(/^default +ready /);
  });

  it('drain takes one out of service, after 30 s by force unless told otherwise (ORCH-2101, OC-CLI-2102)', async () => {
    const body = { status: 'draining', pool_id: 'chat', deadline_ms: 500 };
    const routes = { 'POST /v1/pools/{id}/drain': always({ status: 202, body }) };
    const { code, io } = await cli(['pools', 'drain', 'chat', '--deadline', '500'], routes);
    expect([code, io.out]).toEqual([0, 'pool chat drains; what still runs after 500 ms is ended\n']);
    expect(server.received[0]).toMatchObject({ id: 'chat', body: { deadline_ms: 500 } });
    await server.close();
    await cli(['pools', 'drain', 'chat', '--json'], routes);
    expect(server.received[0]?.body).toEqual({ deadline_ms: 30_000 });
  });

  it('drain refuses a deadline that is no number before it asks anybody (OC-CLI-2102)', async () => {
    const { code, io } = await cli(['pools', 'drain', 'chat', '--deadline', 'soon']);
    expect(code).toBe(2);
    expect(io.err).toContain('whole number');
  });

  it('reload gives one another model (ORCH-2102, OC-CLI-2102)', async () => {
    const flags = ['--model', RELOADED.model_ref, '--digest', `sha256:${'a'.repeat(64)}`, '--deadline', '0'];
    const { code, io } = await cli(['pools', 'reload', 'chat', ...flags], reload({ status: 200, body: RELOADED }));
    expect([code, io.out]).toEqual([0, 'pool chat serves file:/models/qwen.gguf after 2.1 s\n']);
    const body = { new_model_ref: RELOADED.model_ref, digest: `sha256:${'a'.repeat(64)}`, deadline_ms: 0 };
    expect(server.received[0]?.body).toEqual(body);
    expect(server.received[0]?.query.get('plan')).toBeNull();
  });

  it('reload --plan prints a diff and what would be done (ORCH-2102)', async () => {
    const { code, io } = await cli(
      ['pools', 'reload', 'chat', '--model', PLAN.to.model_ref, '--plan'],
      reload({ status: 200, body: PLAN }),
    );
    expect(code).toBe(0);
    expect(server.received[0]?.query.get('plan')).toBe('true');
    expect(io.out.split('\n')).toEqual([
      'pool chat',
      '- model   haiku-nano',
      '+ model   file:/models/qwen.gguf',
      '- digest  sha256:old',
      '+ digest  unknown until it is loaded',
      '  weights 3.0 MiB',
      '  tasks   2 running, 3 waiting, 1 of them for the old model',
      '  1. start: load it',
      '  2. shift: serve it',
      '',
    ]);
  });

  it('reload tells which step failed and what serves (ORCH-4502)', async () => {
    const flags = ['pools', 'reload', 'chat', '--model', 'big'];
    const { code, io } = await cli(flags, reload(refusal({})));
    expect(code).toBe(1);
    expect(io.err).toContain('failed at start: it does not fit; haiku-nano serves as before');
    await server.close();
    const json = await cli([...flags, '--json'], reload(refusal({})));
    expect(json.io.json).toMatchObject({ error: { failed_step: 'start', serving: { model_ref: 'haiku-nano' } } });
  });

  it('reload says when to come again while another one is under way (ORCH-4502, OC-CLI-2802)', async () => {
    const busy = refusal({ failed_step: 'busy', retriable: true, retry_after_ms: 1_000 });
    const headers = { 'retry-after': '1', 'x-backoff-ms': '1000' };
    const { io } = await cli(['pools', 'reload', 'chat', '--model', 'm'], reload({ ...busy, headers }));
    expect(io.err).toContain('Try again in 1.0 s');
  });

  it('reload without a model starts the current one anew (ORCH-2102, OC-CLI-2102)', async () => {
    const health = { 'GET /v1/pools/{id}/health': always({ status: 200, body: { ...POOL, pool_id: 'chat' } }) };
    const { code } = await cli(['pools', 'reload', 'chat'], { ...health, ...reload({ status: 200, body: RELOADED }) });
    expect(code).toBe(0);
    expect(server.received[1]?.body).toEqual({ new_model_ref: POOL.model_id, deadline_ms: 30_000 });
  });
});
