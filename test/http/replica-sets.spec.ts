import { type Capabilities, type ReplicaSet } from '@llama-orch/client';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectSchema } from './contract.js';

async function sets(app: TestApp): Promise<readonly ReplicaSet[]> {
  const { status, body } = await app.call<readonly ReplicaSet[]>('/v1/replicasets');
  expect(status).toBe(200);
  for (const set of body) expectSchema('ReplicaSet', set);
  return body;
}

const loads = async (app: TestApp) =>
  (await app.call<Capabilities>('/v1/capabilities')).body.engines.flatMap(({ pools }) =>
    pools.map(({ pool_id, load }) => [pool_id, load]),
  );

describe('Replica sets', () => {
  it('join pools that answer alike, and no others (ORCH-2104, OC-CTRL-2004-v31, FR-CP-003)', async () => {
    const app = await startTestApp({
      pools: [
        mockPool({}, { id: 'a', replicas: 2, slots: 2 }),
        mockPool({}, { id: 'b' }),
        mockPool({}, { id: 'c', model: 'other' }),
        mockPool({ engine_version: 'mock-2' }, { id: 'd' }),
        mockPool({ context_tokens: 100 }, { id: 'e' }),
      ],
    });
    const found = await sets(app);
    expect(found.map(({ pools }) => pools)).toEqual([['a', 'b'], ['c'], ['d'], ['e']]);
    expect(new Set(found.map(({ id }) => id)).size).toBe(4);
    expect(found[0]).toMatchObject({ engine: 'mock', engine_version: 'mock-1', model_id: 'mock-model', ctx: 8192 });
    const again = await startTestApp({ pools: [mockPool({}, { id: 'z' })] });
    expect((await sets(again))[0]?.id).toBe(found[0]?.id);
  });

  it('tell slots, load, queues and objectives as they are now, as capabilities tell the load (ORCH-2104, ORCH-3095, HME-012)', async () => {
    const app = await startTestApp({
      pools: [mockPool({}, { id: 'a', slots: 2 }), mockPool({}, { id: 'b', slots: 2 })],
      slo: { interactive: { ttft_p95_ms: 900 } },
    });
    const idle = { ttft_p95_ms: null, target_ms: 900, met: null };
    expect((await sets(app))[0]).toMatchObject({ load: 0, slots_total: 4, slots_free: 4, slo: { interactive: idle } });
    expect(await loads(app)).toEqual([
      ['a', 0],
      ['b', 0],
    ]);
    const tasks = [];
    for (let count = 0; count < 7; count++) {
      const priority = count < 5 ? 'interactive' : 'batch';
      tasks.push(await app.submit(completion('[[mock:stall@1]]', { priority })));
      if (count < 4) await (await app.follow(tasks[count]!.task_id)).until('token');
    }
    const [set] = await sets(app);
    expect(set).toMatchObject({ load: 1, slots_total: 4, slots_free: 0, queue_depth: { interactive: 1, batch: 2 } });
    expect(set?.slo.interactive).toMatchObject({ target_ms: 900, met: true, ttft_p95_ms: expect.any(Number) });
    expect(set?.slo.batch).toEqual({ ttft_p95_ms: null, target_ms: null, met: null });
    expect(await loads(app)).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  it('lose the slots of a pool that is taken out of service (ORCH-2104, ORCH-2101)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, { id: 'a' }), mockPool({}, { id: 'b' })] });
    await app.call('/v1/pools/a/drain', { method: 'POST', body: { deadline_ms: 0 } });
    expect((await sets(app))[0]).toMatchObject({ pools: ['a', 'b'], slots_total: 1, slots_free: 1 });
  });

  it('are empty until an engine has answered (ORCH-2104)', async () => {
    const app = await startTestApp({ pools: [mockPool({ load_ms: 60_000 })] }, []);
    expect(await sets(app)).toEqual([]);
  });
});
