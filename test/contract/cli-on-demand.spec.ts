import { always, CAPABILITIES, cli, closeServerAfterEach, POOL, RUNS_WELL, server } from './support/cli-rig.js';

closeServerAfterEach();

const UNLOADED = { ...POOL, pool_id: 'big', model_id: 'big-model', ready: false, live: false, state: 'unloaded' };
const OFFER = { pool_id: 'big', engine: 'mock', model_id: 'big-model', labels: {} };

describe('Models that load on demand, on the command line', () => {
  it('are listed as unloaded, and are no trouble (OC-CLI-2102)', async () => {
    const body = { items: [POOL, { ...UNLOADED, on_demand: true }], next_cursor: null };
    const { io } = await cli(['status'], { 'GET /v1/pools': always({ status: 200, body }) });
    expect(io.out).toMatch(/^big +unloaded /m);
    expect(io.err).toContain('1 of 2 pools ready, 1 more on demand');
  });

  it('say so in their health (ORCH-2103)', async () => {
    const body = { ...UNLOADED, on_demand: true };
    const { io } = await cli(['pools', 'health', 'big'], {
      'GET /v1/pools/{id}/health': always({ status: 200, body }),
    });
    expect(io.out).toMatch(/^loads +on demand$/m);
  });

  it('stand among the capabilities (OC-CLI-2201)', async () => {
    const body = { ...CAPABILITIES, on_demand: [OFFER] };
    const { io } = await cli(['capabilities'], { 'GET /v1/capabilities': always({ status: 200, body }) });
    expect(io.err).toContain('big-model in pool big loads when a task asks for it');
  });

  it('are run without being named when there is no other (HME-032)', async () => {
    const body = { ...CAPABILITIES, engines: [], on_demand: [OFFER] };
    const { code } = await cli(['run', 'a frog'], {
      ...RUNS_WELL,
      'GET /v1/capabilities': always({ status: 200, body }),
    });
    expect(code).toBe(0);
    const sent = server.received.find(({ method }) => method === 'POST');
    expect(JSON.stringify(sent)).toContain('big-model');
  });
});
