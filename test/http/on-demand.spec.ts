import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Capabilities, type PoolHealth } from '@llama-orch/client';
import { readHostMemory } from '../../src/pools/devices/host-memory.js';
import { eventually } from '../support/eventually.js';
import { holdLoads } from '../support/held-loads.js';
import { terminalOf } from '../support/read-events.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-models-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HAIKU = {
  ...{ id: 'one', engine: 'embedded', model: 'haiku-nano', preload: false, unload_after_ms: 60_000 },
  ...{ backoff: { initial_ms: 20, max_ms: 50, jitter: 0 }, probe: { interval_ms: 200 } },
};
/** So much of what is free that only one of two fits, whatever other programs give back meanwhile. */
const MOST_GIB = (0.75 * readHostMemory().availableBytes) / 2 ** 30;

const opened: TestApp[] = [];
afterEach(() => Promise.all(opened.splice(0).map((app) => app.close())));

async function start(
  pools: readonly Readonly<Record<string, unknown>>[],
  ready: readonly string[] = [],
  more: object = {},
): Promise<TestApp> {
  const app = await startTestApp({ pools, ...more }, ready);
  opened.push(app);
  return app;
}

function taskFor(model = 'haiku-nano', more: object = {}): object {
  return {
    workload: 'completion',
    model_ref: model,
    priority: 'interactive',
    prompt: 'a frog',
    max_tokens: 12,
    ...more,
  };
}

async function health(app: TestApp, pool = 'one'): Promise<PoolHealth> {
  return (await app.call<PoolHealth>(`/v1/pools/${pool}/health`)).body;
}

function untilState(app: TestApp, state: string, pool = 'one'): Promise<PoolHealth> {
  return eventually(async () => {
    const body = await health(app, pool);
    expect(body.state).toBe(state);
    return body;
  });
}

/** Ids of the engine processes of this process. */
function engines(): readonly number[] {
  const list = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return list
    .split('\n')
    .filter((line) => line.includes('engine-embedded'))
    .map((line) => Number.parseInt(line, 10));
}

async function untilEngine(): Promise<number> {
  return eventually(() => {
    const found = engines();
    expect(found.length).toBe(1);
    return found[0]!;
  });
}

/** A workstation with two cards, and engines that only claim to use them. */
const WORKSTATION = {
  probe: 'static',
  options: {
    devices: [
      { name: 'RTX 3090', vram_gib: 24 },
      { name: 'RTX 3060', vram_gib: 12 },
    ],
  },
};

function onCards(id: string, gib: number) {
  const claimed = { device: 'gpu', footprint_gib: gib, replicas: 1, preload: false };
  return mockPool({ token_ms: 0 }, { ...claimed, id, model: id, slots: 2, unload_after_ms: 600_000 });
}

async function outcome(app: TestApp, taskId: string) {
  return terminalOf(await app.frames(taskId));
}

describe('A model that loads on demand', () => {
  it('is admitted unloaded, loads, serves, goes when idle with its process, and loads again (OC-POOL-3003, ORCH-2103, OC-POOL-3030)', async () => {
    const app = await start([{ ...HAIKU, unload_after_ms: 200 }]);
    expect(await health(app)).toMatchObject({ state: 'unloaded', live: false, ready: false, on_demand: true });
    const { body: offered } = await app.call<Capabilities>('/v1/capabilities');
    expect(offered).toMatchObject({ engines: [], on_demand: [{ pool_id: 'one', model_id: 'haiku-nano' }] });
    expect(engines()).toEqual([]);
    for (const round of [1, 2]) {
      const letReady = holdLoads();
      const accepted = await app.submit(taskFor());
      expect(accepted.predicted_start_ms).toBeGreaterThan(0);
      expect(accepted.predicted_start_p90_ms).toBeGreaterThanOrEqual(accepted.predicted_start_ms);
      const stream = await app.follow(accepted.task_id, { query: 'events=queued' });
      const news = await stream.until('queued');
      expect(news.data).toMatchObject({ position: 0, predicted_start_ms: expect.any(Number) });
      await untilEngine();
      letReady();
      expect(terminalOf(await stream.rest()).event).toBe('end');
      expect(await untilState(app, 'unloaded')).toMatchObject({ live: false, last_error: null });
      expect(engines()).toEqual([]);
      expect(await app.metric('llama_orch_on_demand_loads_total', { pool_id: 'one', reason: 'demand' })).toBe(round);
      expect(await app.metric('llama_orch_on_demand_unloads_total', { pool_id: 'one', reason: 'idle' })).toBe(round);
    }
    const told = app.lines
      .filter(({ event }) => event.startsWith('model_'))
      .map(({ event, reason }) => [event, reason]);
    expect(told.slice(0, 2)).toEqual([
      ['model_loaded', 'demand'],
      ['model_unloaded', 'idle'],
    ]);
  });

  it('takes the memory of another one that nobody uses, and never both (ORCH-3003-v31)', async () => {
    const pools = ['one', 'two'].map((id) => ({ ...HAIKU, id, footprint_gib: MOST_GIB, labels: { id } }));
    const app = await start(pools);
    for (const id of ['one', 'two', 'one']) {
      const { task_id } = await app.submit(taskFor('haiku-nano', { pool_labels: { id } }));
      expect((await outcome(app, task_id)).event).toBe('end');
      expect(engines().length).toBe(1);
    }
    expect(await app.metric('llama_orch_on_demand_unloads_total', { reason: 'swap' })).toBe(1);
    expect(app.lines.filter(({ event }) => event === 'model_loaded').map(({ reason }) => reason)).toEqual([
      'demand',
      'swap',
      'swap',
    ]);
  });

  it('shares two cards with more models than fit: all are served, none is pinned, no card is overfull (ORCH-1103, ORCH-3003-v31)', async () => {
    const models = { coder: 20, writer: 17, chat: 8, draft: 3 };
    const pools = Object.entries(models).map(([id, gib]) => onCards(id, gib));
    const began = performance.now();
    const app = await start(pools, [], { gpu: WORKSTATION, on_demand: { min_loaded_ms: 100 } });
    const tasks: string[] = [];
    const names = Object.keys(models);
    for (let count = 0; count < 200; count++) {
      const body = completion(`[[mock:tokens=2]] task ${count}`, { model_ref: names[(count * 7) % names.length] });
      tasks.push((await app.submit(body)).task_id);
    }
    let fullest = 0;
    const watching = eventually(async () => {
      const { items } = (await app.call<{ items: PoolHealth[] }>('/v1/pools')).body;
      const loaded = items.filter(({ live }) => live).map(({ pool_id }) => models[pool_id as keyof typeof models]);
      fullest = Math.max(
        fullest,
        loaded.reduce((sum, gib) => sum + gib, 0),
      );
      expect(items.every(({ metrics }) => metrics.queue_depth.interactive === 0)).toBe(true);
    });
    for (const id of tasks) expect((await outcome(app, id)).event).toBe('end');
    await watching;
    expect(fullest).toBeLessThanOrEqual(24 + 12);
    const troubles = app.lines.filter(
      ({ level, event }) => (level === 'warn' && event !== 'policy') || level === 'error',
    );
    expect(troubles).toEqual([]);
    const loaded = app.lines.filter(({ event }) => event === 'model_loaded').map((line) => line['pool_id']);
    expect(new Set(loaded).size).toBe(4);
    // Each of the two that do not fit together stays for its least time.
    expect(loaded.length).toBeLessThanOrEqual(4 + (performance.now() - began) / 100);
  });

  it('is served where it is loaded already, if there is such a pool (ORCH-4406)', async () => {
    const app = await start([HAIKU, { ...HAIKU, id: 'two', preload: true }], ['two']);
    const accepted = await app.submit(taskFor());
    expect([accepted.pool_id, accepted.predicted_start_ms]).toEqual(['two', 0]);
    expect((await health(app)).state).toBe('unloaded');
  });

  it('that is no model ends its tasks with a clear code, and later ones are told why (OC-POOL-3002, ORCH-3038)', async () => {
    const path = join(folder, 'broken.gguf');
    writeFileSync(path, Buffer.from('GGUF but only by its first letters'));
    const broken = { ...HAIKU, model: `file:${path}`, breaker: { failures: 2 } };
    const app = await start([broken]);
    const { task_id } = await app.submit(taskFor('broken'));
    const end = await outcome(app, task_id);
    expect(end).toMatchObject({ event: 'error', data: { code: 'POOL_UNAVAILABLE', pool_id: 'one' } });
    expect(JSON.stringify(end)).toContain('broken.gguf cannot be used');
    const refusal = await app.post(taskFor('broken'));
    expect([refusal.status, refusal.body['code']]).toEqual([503, 'POOL_UNAVAILABLE']);
    expect(refusal.text).not.toContain(folder);
  });

  it('killed while it loads is loaded again, and its task is served (OC-POOL-3010, OC-POOL-3011)', async () => {
    const app = await start([HAIKU]);
    const letReady = holdLoads();
    const { task_id } = await app.submit(taskFor());
    const runner = await untilEngine();
    process.kill(runner, 'SIGKILL');
    await eventually(() => expect(engines()).not.toContain(runner));
    letReady();
    expect((await outcome(app, task_id)).event).toBe('end');
    expect((await health(app)).replicas[0]?.restart_count).toBe(1);
  });

  it('killed while nobody uses it is not loaded again until somebody asks (OC-POOL-3010)', async () => {
    const app = await start([HAIKU]);
    await outcome(app, (await app.submit(taskFor())).task_id);
    process.kill(engines()[0]!, 'SIGKILL');
    await untilState(app, 'unloaded');
    expect((await outcome(app, (await app.submit(taskFor())).task_id)).event).toBe('end');
  });

  it('goes on loading when the task that asked for it is cancelled, and is there for the next (ORCH-4201)', async () => {
    const app = await start([HAIKU]);
    const letReady = holdLoads();
    const { task_id } = await app.submit(taskFor());
    expect((await app.cancel(task_id)).status).toBe(204);
    expect(await outcome(app, task_id)).toMatchObject({ event: 'end', data: { finish_reason: 'cancelled' } });
    letReady();
    const { task_id: next } = await app.submit(taskFor());
    expect((await outcome(app, next)).event).toBe('end');
    expect(await app.metric('llama_orch_on_demand_loads_total', { pool_id: 'one' })).toBe(1);
  });

  it('leaves nothing behind when the daemon stops while it loads (ORCH-4808)', async () => {
    const app = await start([HAIKU]);
    const letReady = holdLoads();
    await app.submit(taskFor());
    await untilEngine();
    const closing = app.close();
    letReady();
    await closing;
    expect(engines()).toEqual([]);
  });

  it('refuses a task whose deadline its load cannot meet (OC-CORE-1023)', async () => {
    const app = await start([HAIKU]);
    const refusal = await app.post(taskFor('haiku-nano', { deadline_ms: 500 }));
    expect([refusal.status, refusal.body['code']]).toEqual([400, 'DEADLINE_UNMET']);
    expect((await health(app)).state).toBe('unloaded');
  });
});
