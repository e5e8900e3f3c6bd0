import { type PoolHealth } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { HeldClock } from '../support/held-clock.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem, expectSchema } from './contract.js';

const interactive = completion('x', { max_tokens: 2 });
const batch = completion('x', { priority: 'batch', max_tokens: 2 });

const healthOf = async (app: TestApp) => (await app.call<PoolHealth>('/v1/pools/mock/health')).body;

/** An interactive task that waits 20 ms for its first token, where 5 are the target. */
async function serveLate(app: TestApp, clock: HeldClock): Promise<void> {
  const holder = await app.submit(completion('[[mock:stall@0]]'));
  const { task_id } = await app.submit(interactive);
  clock.leap(20);
  await app.cancel(holder.task_id);
  await app.frames(task_id);
}

describe('A pool whose interactive tasks wait too long', () => {
  it('refuses batch tasks until they do not, and goes on with interactive ones (ORCH-3040, ORCH-3041, ORCH-2007)', async () => {
    const slo = { interactive: { ttft_p95_ms: 5 }, shed_after_ms: 4_000, recover_after_ms: 4_000 };
    const app = await startTestApp({ pools: [mockPool({}, { queue: { capacity: 100 } })], slo });
    const clock = new HeldClock(app);
    expect((await app.post(batch)).status).toBe(202);
    for (let second = 0; second <= 4; second++) {
      expect(await healthOf(app)).toMatchObject({ shedding: false });
      await serveLate(app, clock);
      clock.leap(1_000);
    }
    expect(await healthOf(app)).toMatchObject({ shedding: true });
    const refused = await app.post<{ retry_after_ms: number }>(batch);
    expectProblem(refused, 429, 'ADMISSION_REJECT');
    expect(refused.body).toMatchObject({ retriable: true, policy_label: 'reject', engine: 'mock', pool_id: 'mock' });
    expect(await app.metric('llama_orch_breaker_state', { pool_id: 'mock', kind: 'shed' })).toBe(1);
    expect(await app.metric('llama_orch_slo_attainment', { priority: 'interactive' })).toBe(0);
    expect((await app.post(interactive)).status).toBe(202);
    // Nobody is served any more, so nobody waits too long.
    await eventually(async () => {
      clock.leap(1_000);
      expect((await app.post(batch)).status).toBe(202);
    });
    const body = await healthOf(app);
    expectSchema('PoolHealth', body);
    expect(body).toMatchObject({ shedding: false });
  });
});

describe('Without objectives', () => {
  it('nothing is shed, however slow it is (ORCH-3040)', async () => {
    const app = await startTestApp();
    const clock = new HeldClock(app);
    for (let count = 0; count < 10; count++) {
      await serveLate(app, clock);
      clock.leap(1_000);
    }
    expect(await healthOf(app)).toMatchObject({ shedding: false });
    expect(await app.metric('llama_orch_breaker_state', { kind: 'shed' })).toBeUndefined();
  });
});
