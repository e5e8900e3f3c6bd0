import { type Route } from './support/contract-server.js';
import {
  closeServerAfterEach,
  server,
  TASK_ID,
  POOL,
  CAPABILITIES,
  always,
  RUNS_WELL,
  cli,
} from './support/cli-rig.js';

closeServerAfterEach();

describe('The commands that look at the daemon', () => {
  it('status shows pools with slots and queues (FR-CP-002, OC-CLI-2102)', async () => {
    const failed = {
      ...POOL,
      pool_id: 'b',
      ready: false,
      state: 'backoff',
      last_error: { code: 'X', message: 'no GPU', at_ms: 1 },
    };
    const body = { items: [POOL, failed], next_cursor: null };
    const { code, io } = await cli(['status'], { 'GET /v1/pools': always({ status: 200, body }) });
    expect(code).toBe(0);
    expect(io.out.split('\n')[1]).toMatch(/^default +ready +mock 1\.0\.0 +haiku-nano +cpu +1\/2 +3\+1 +20\.3$/);
    expect(io.err).toContain('1 of 2 pools ready');
    expect(io.err).toContain('pool b: no GPU');
  });

  it('status follows the pages of the list (FR-CP-002)', async () => {
    const pages = [
      { items: [POOL], next_cursor: 'n' },
      { items: [{ ...POOL, pool_id: 'b' }], next_cursor: null },
    ];
    const route: Route = () => ({ status: 200, body: pages.shift() });
    const { io } = await cli(['pools', 'ls', '--json'], { 'GET /v1/pools': route });
    expect(io.json).toMatchObject({ schema_version: 1, items: [{ pool_id: 'default' }, { pool_id: 'b' }] });
  });

  it('pools health shows a pool and its replicas (OC-CTRL-2001, ORCH-2103)', async () => {
    const route: Route = ({ id }) => ({ status: 200, body: { ...POOL, pool_id: id } });
    const { io } = await cli(['pools', 'health', 'default'], { 'GET /v1/pools/{id}/health': route });
    expect(io.out).toMatch(/^pool +default\n/);
    expect(io.out).toMatch(/default-0 +yes +- +1\/2 +1 +0\n$/);
  });

  it('capabilities names engines and what runs at once (OC-CLI-2201, OC-CLI-2401, FR-DV-001)', async () => {
    const { io } = await cli(['capabilities'], RUNS_WELL);
    expect(io.out).toMatch(/mock +1\.0\.0 +default +haiku-nano +4096 +2 +yes +completion +exact\n/);
    expect(io.err).toContain('API 1.0.0, 2 at once');
  });

  it('capabilities warns about an API it does not know (OC-CLI-2202, FR-DV-002)', async () => {
    const body = { ...CAPABILITIES, api_version: '2.0.0' };
    const { io } = await cli(['capabilities'], { 'GET /v1/capabilities': always({ status: 200, body }) });
    expect(io.err).toContain('this command knows API 1.x');
  });

  it('plugins shows what loaded and what failed (ORCH-4701)', async () => {
    const broken = {
      kind: 'engine-adapter',
      id: 'acme',
      version: '2.0.0',
      package: 'acme',
      state: 'failed',
      took_ms: 1,
    };
    const body = { api_version: '1.0.0', items: [{ ...broken, error: 'needs API ^2.0.0' }] };
    const { io } = await cli(['plugins'], { 'GET /v1/plugins': always({ status: 200, body }) });
    expect(io.out).toContain('acme  2.0.0');
    expect(io.err).toContain('acme: needs API ^2.0.0');
  });

  it('plugins shows policies, those that only watch, and why a changed one is not taken (ORCH-4701, ORCH-4702)', async () => {
    const policy = { kind: 'policy', version: '1.2.0', package: 'gate.wasm', state: 'loaded', took_ms: 12 };
    const items = [
      { ...policy, id: 'gate', mode: 'enforce', error: 'tests: its own test "a" fails' },
      { ...policy, id: 'trial', mode: 'monitor' },
    ];
    const body = { api_version: '1.0.0', items };
    const { io } = await cli(['plugins'], { 'GET /v1/plugins': always({ status: 200, body }) });
    expect(io.out).toMatch(/policy +gate +1\.2\.0 +gate\.wasm +loaded +12\n/);
    expect(io.out).toMatch(/policy +trial +1\.2\.0 +gate\.wasm +loaded, monitors +12\n/);
    expect(io.err).toContain('gate: tests: its own test "a" fails');
  });

  it('tasks ls passes its filters on and tells how to go on (ORCH-4106)', async () => {
    const route = always({ status: 200, body: { items: [], next_cursor: 'abc' } });
    const argv = ['tasks', 'ls', '--state', 'queued', '--pool', 'default', '--limit', '5'];
    const { io } = await cli(argv, { 'GET /v1/tasks': route });
    expect(server.received[0]?.query.toString()).toBe('state=queued&pool_id=default&limit=5');
    expect(io.err).toContain('more with --cursor abc');
  });

  it('cancel ends a task (ORCH-2003)', async () => {
    const { code, io } = await cli(['cancel', TASK_ID, '--json'], {
      'POST /v1/tasks/{id}/cancel': always({ status: 204 }),
    });
    expect({ code, json: io.json }).toEqual({
      code: 0,
      json: { schema_version: 1, task_id: TASK_ID, cancelled: true },
    });
  });

  it('metrics prints the matching series (OC-CTRL-2051)', async () => {
    const route = always({ status: 200, body: 'queue_depth 1\npool_ready 1\n' });
    const { io } = await cli(['metrics', '--match', 'pool_'], { 'GET /metrics': route });
    expect(io.out).toBe('pool_ready 1\n');
  });
});
