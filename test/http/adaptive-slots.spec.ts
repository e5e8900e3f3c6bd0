import { type Capabilities, type PoolHealth } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { completion, mockPool, startTestApp } from '../support/start-app.js';

describe('A pool with adaptive concurrency', () => {
  it('begins with its least slots, uses more while tasks ask for them, and says so (ORCH-3019, OC-CTRL-2060)', async () => {
    const pool = mockPool(
      { tokens: 10, token_ms: 10 },
      { slots: 4, queue: { capacity: 200 }, adaptive_concurrency: { enabled: true, min: 1, max: 3 } },
    );
    const app = await startTestApp({ pools: [pool] });
    const slots = async () => (await app.call<PoolHealth>('/v1/pools/mock/health')).body.replicas[0]?.slots_total;
    expect(await slots()).toBe(1);
    await eventually(async () => {
      await Promise.all(Array.from({ length: 8 }, async () => app.frames((await app.submit(completion())).task_id)));
      expect(await slots()).toBe(3);
    });
    const { body } = await app.call<Capabilities>('/v1/capabilities');
    expect(body.engines[0]?.concurrency).toBe(3);
  });
});
