import { type PoolHealth } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem, expectSchema } from './contract.js';

const batch = completion('x', { priority: 'batch', max_tokens: 2 });

/** A pool that needs 20 ms for a first token, where 5 are the target. */
function startSlow(): Promise<TestApp> {
  return startTestApp({
    pools: [mockPool({ tokens: 2, first_token_ms: 20 }, { slots: 4 })],
    slo: { interactive: { ttft_p95_ms: 5 }, shed_after_ms: 300, recover_after_ms: 300 },
  });
}

async function untilShedding(app: TestApp): Promise<void> {
  await eventually(async () => {
    await app.frames((await app.submit(completion('x', { max_tokens: 2 }))).task_id);
    expect((await app.call<PoolHealth>('/v1/pools/mock/health')).body).toMatchObject({ shedding: true });
  });
}

describe('A pool whose interactive tasks wait too long', () => {
  it('refuses batch tasks until they do not, and goes on with interactive ones (ORCH-3040, ORCH-3041, ORCH-2007)', async () => {
    const app = await startSlow();
    expect((await app.post(batch)).status).toBe(202);
    await untilShedding(app);
    const refused = await app.post<{ retry_after_ms: number }>(batch);
    expectProblem(refused, 429, 'ADMISSION_REJECT');
    expect(refused.body).toMatchObject({ retriable: true, policy_label: 'reject', engine: 'mock', pool_id: 'mock' });
    expect((await app.post(completion('x', { max_tokens: 2 }))).status).toBe(202);
    expect(await app.metric('llama_orch_breaker_state', { pool_id: 'mock', kind: 'shed' })).toBe(1);
    expect(await app.metric('llama_orch_slo_attainment', { priority: 'interactive' })).toBeLessThan(0.5);
    // Nobody is served any more, so nobody waits too long.
    await eventually(async () => expect((await app.post(batch)).status).toBe(202));
    const { body } = await app.call<PoolHealth>('/v1/pools/mock/health');
    expectSchema('PoolHealth', body);
    expect(body).toMatchObject({ shedding: false });
  });
});

describe('Without objectives', () => {
  it('nothing is shed, however slow it is (ORCH-3040)', async () => {
    const app = await startTestApp({ pools: [mockPool({ tokens: 1, first_token_ms: 30 })] });
    for (let count = 0; count < 10; count++) await app.frames((await app.submit(completion('x'))).task_id);
    expect((await app.call<PoolHealth>('/v1/pools/mock/health')).body).toMatchObject({ shedding: false });
    expect(await app.metric('llama_orch_breaker_state', { kind: 'shed' })).toBeUndefined();
  });
});
