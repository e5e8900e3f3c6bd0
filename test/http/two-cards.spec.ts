import { type PoolHealth } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { type TestConfig, completion, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

const GIB = 1024 ** 3;
const TASKS = 1_000;
const AT_ONCE = 24;

let machines = 0;

/** A workstation with a 3090 and a 3060, and models on it that nobody pinned anywhere. `models`: GiB of each. */
function workstation(models: Readonly<Record<string, number>>, more: object = {}): TestConfig {
  const options = {
    machine: `machine ${++machines}`,
    cards: { 0: 24, 1: 12 },
    token_ms: { 0: 5, 1: 10 },
  };
  return {
    plugins: [{ package: './test/support/card-engine' }],
    gpu: {
      probe: 'static',
      interval_ms: 100,
      options: { devices: [{ name: 'RTX 3090', vram_gib: 24 }, { name: 'RTX 3060', vram_gib: 12 }] }, // prettier-ignore
    },
    pools: Object.entries(models).map(([id, gib]) => ({
      ...{ id, engine: 'cards', model: `${id}-model`, slots: 2, footprint_gib: gib, determinism: 'best_effort' },
      options: { ...options, takes_gib: gib * 1.05 },
      queue: { capacity: 1000 },
      backoff: { initial_ms: 50, max_ms: 200 },
      ...more,
    })),
  };
}

const healthOf = async (app: TestApp, pool: string) => (await app.call<PoolHealth>(`/v1/pools/${pool}/health`)).body;

/** Device of each ready replica of a pool. */
async function devicesOf(app: TestApp, pool: string): Promise<number[]> {
  const { replicas } = await healthOf(app, pool);
  return replicas.filter(({ ready }) => ready).flatMap(({ device_mask }) => device_mask);
}

describe('Two unequal cards without a pin', () => {
  it('serve a thousand mixed tasks together and never run out of memory (HME-010, HME-011, ORCH-1103, ORCH-4503)', async () => {
    const models = { chat: 8, coder: 12.5, small: 1.5 };
    const app = await startTestApp(workstation(models));
    await eventually(async () => {
      expect((await devicesOf(app, 'chat')).toSorted()).toEqual([0, 1]);
      expect((await devicesOf(app, 'small')).toSorted()).toEqual([0, 1]);
    });
    // The largest model fits on one of the cards alone, so it has no replica for the other.
    expect(await devicesOf(app, 'coder')).toEqual([0]);
    expect((await healthOf(app, 'coder')).last_error).toBeNull();

    const pools = Object.keys(models);
    const ran = { 0: 0, 1: 0 } as Record<number, number>;
    const masks = new Map<string, number>();
    for (const pool of pools) {
      for (const { replica_id, device_mask } of (await healthOf(app, pool)).replicas) {
        if (device_mask[0] !== undefined) masks.set(replica_id, device_mask[0]);
      }
    }
    let sent = 0;
    const client = async () => {
      while (sent < TASKS) {
        const model_ref = `${pools[sent++ % pools.length]}-model`;
        const { task_id } = await app.submit(completion('x', { model_ref, max_tokens: 4 }));
        const frames = await app.frames(task_id);
        expect(frames.at(-1)?.event).toBe('end');
        const started = frames.find(({ event }) => event === 'started')!.data as { replica_id: string };
        ran[masks.get(started.replica_id)!]!++;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));

    expect(ran[0]! + ran[1]!).toBe(TASKS);
    // All of the largest run on the large card, the others on both.
    expect(ran[0]!).toBeGreaterThan(TASKS * 0.4);
    expect(ran[1]!).toBeGreaterThan(TASKS * 0.2);
    expect((await app.metric('llama_orch_oom_total', { kind: 'vram' })) ?? 0).toBe(0);
    // A thousand tasks take long where there is little processor.
  }, 240_000);

  it('are told in health and metrics as they are accounted (ORCH-2103, OC-CTRL-2001, ORCH-3028)', async () => {
    const app = await startTestApp(workstation({ chat: 8 }));
    const health = await eventually(async () => {
      const now = await healthOf(app, 'chat');
      expect(now.replicas.map(({ ready }) => ready)).toEqual([true, true]);
      return now;
    });
    // The replicas start at the same time: either may be the first to choose.
    const seen = health.replicas.map((one) => [one.device_mask[0], one.vram_total_bytes, one.vram_free_bytes]);
    expect(seen.toSorted()).toEqual([
      [0, 24 * GIB, 16 * GIB],
      [1, 12 * GIB, 4 * GIB],
    ]);
    expect(health.metrics.gpu).toEqual([
      { device: 0, name: 'RTX 3090', state: 'unknown', vram_total_bytes: 24 * GIB },
      { device: 1, name: 'RTX 3060', state: 'unknown', vram_total_bytes: 12 * GIB },
    ]);
    const memory = (device: string, state: string) => app.metric('llama_orch_gpu_memory_bytes', { device, state });
    expect(await memory('0', 'total')).toBe(24 * GIB);
    expect(await memory('0', 'predicted')).toBe(8 * GIB);
    expect(await memory('1', 'free')).toBe(4 * GIB);
    expect(await memory('0', 'observed')).toBeUndefined();
    expect(await app.metric('llama_orch_gpu_up', { device: '1' })).toBe(1);
  });

  it('carry one model over both where that is asked for (ORCH-3012-v31, ORCH-3052)', async () => {
    const app = await startTestApp(workstation({ large: 28 }, { tensor_split: [0.68, 0.32] }));
    const [replica] = (await healthOf(app, 'large')).replicas;
    expect([replica!.device_mask, replica!.vram_total_bytes]).toEqual([[0, 1], 36 * GIB]);
    const { task_id } = await app.submit(completion('x', { model_ref: 'large-model', max_tokens: 2 }));
    expect((await app.frames(task_id)).at(-1)?.event).toBe('end');
  });
});

describe('A pool on GPUs that there are not', () => {
  it('fails at once, and its tasks are refused (ORCH-3018, OC-POOL-3012, ORCH-1102)', async () => {
    const config = { ...workstation({ chat: 8 }), gpu: { probe: 'none' } };
    const app = await startTestApp(config, []);
    await eventually(async () => expect((await healthOf(app, 'chat')).state).toBe('failed'));
    const { last_error } = await healthOf(app, 'chat');
    expect(last_error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('needs a GPU') });
    const refusal = await app.post(completion('x', { model_ref: 'chat-model' }));
    expectProblem(refusal, 503, 'POOL_UNAVAILABLE');
  });

  it('stops the start when its devices are not among those that there are (ORCH-3052)', async () => {
    await expect(startTestApp(workstation({ chat: 8 }, { devices: [0, 2] }))).rejects.toThrow(
      'pool chat: devices names GPU 2, but this machine has GPU 0 (RTX 3090), GPU 1 (RTX 3060)',
    );
  });

  it('stops the start when the probe is not known or its options are wrong (ORCH-1101)', async () => {
    const config = workstation({ chat: 8 });
    await expect(startTestApp({ ...config, gpu: { probe: 'statik' } })).rejects.toThrow('did you mean "static"?');
    await expect(startTestApp({ ...config, gpu: { probe: 'static', options: { devices: [] } } })).rejects.toThrow(
      'options of gpu-probe "static"',
    );
  });
});
