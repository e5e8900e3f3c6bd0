import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PoolHealth } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { completion, startTestApp, type TestApp } from '../support/start-app.js';

const GIB = 1024 ** 3;
const folder = mkdtempSync(join(tmpdir(), 'llama-orch-cards-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, 'cards.json');
const DEVICE = { id: 'GPU-a', index: 0, name: 'RTX 3090', vramTotalBytes: 24 * GIB };
const SAMPLE = { id: 'GPU-a', vramUsedBytes: 3 * GIB, utilizationPercent: 41, temperatureCelsius: 62, powerWatts: 180, resets: 0 }; // prettier-ignore

/** What the driver says from now on; a probe never reads half of it. */
function say(what: object): void {
  writeFileSync(`${file}.new`, JSON.stringify(what));
  renameSync(`${file}.new`, file);
}
const saySample = (more: object = {}) => say({ devices: [DEVICE], samples: [{ ...SAMPLE, ...more }] });

let app: TestApp;
beforeAll(async () => {
  saySample();
  const options = { machine: 'telemetry', cards: { 'GPU-a': 24 }, token_ms: { 'GPU-a': 1 }, takes_gib: 8 };
  app = await startTestApp({
    plugins: [{ package: './test/support/card-engine' }, { package: './test/support/card-probe' }],
    gpu: { probe: 'cards-in-a-file', interval_ms: 100, options: { file } },
    pools: [
      {
        ...{ id: 'p', engine: 'cards', model: 'm', footprint_gib: 8, determinism: 'best_effort', options },
        ...{ backoff: { initial_ms: 50, max_ms: 100 } },
      },
    ],
  });
});
beforeEach(() => saySample());

const health = async () => (await app.call<PoolHealth>('/v1/pools/p/health')).body;

describe('What a GPU probe sees', () => {
  it('stands in the health of the pools that may use the device (OC-CTRL-2001, ORCH-2103)', async () => {
    await eventually(async () =>
      expect((await health()).metrics.gpu).toEqual([
        {
          ...{ device: 0, name: 'RTX 3090', state: 'fresh', utilization: 41, temperature: 62, power: 180 },
          ...{ vram_used_bytes: 3 * GIB, vram_total_bytes: 24 * GIB },
        },
      ]),
    );
  });

  it('stands in the metrics frames of tasks that run on it (ORCH-3100, OC-CTRL-2023, OC-METRICS-7110)', async () => {
    const { task_id } = await app.submit(completion('x', { model_ref: 'm', max_tokens: 3 }));
    const frames = await app.frames(task_id);
    expect(frames.find(({ event }) => event === 'metrics')?.data).toMatchObject({
      gpu: [{ device: 0, utilization: 41, vram_used_bytes: 3 * GIB, vram_total_bytes: 24 * GIB }],
    });
  });

  it('is in the series of the contract (ORCH-3028, OC-METRICS-7101)', async () => {
    const labels = { engine: 'cards', engine_version: 'cards-1', pool_id: 'p', replica_id: 'p-0', device: '0' };
    expect(await app.metric('gpu_utilization', labels)).toBe(41);
    expect(await app.metric('vram_used_bytes', labels)).toBe(3 * GIB);
    expect(await app.metric('llama_orch_gpu_up', { device: '0' })).toBe(1);
  });

  it('restarts what ran on a device that was reset, and says why (ORCH-3053, OC-POOL-3010)', async () => {
    saySample({ resets: 1 });
    await eventually(async () => expect((await health()).replicas[0]!.restart_count).toBe(1));
    await app.untilReady('p');
    expect(await app.metric('llama_orch_driver_resets_total')).toBe(1);
    expect(app.lines).toContainEqual(expect.objectContaining({ event: 'gpu', level: 'error', reason: 'driver_reset' }));
  });

  it('costs nobody anything when it fails: the pool goes on serving (ORCH-4506)', async () => {
    const [before, message] = [app.lines.length, 'Failed to initialize NVML: Driver/library version mismatch'];
    const reasons = () => app.lines.slice(before).map((line) => line['reason']);
    say({ failure: message });
    await eventually(() => expect(reasons()).toContain('probe_lost'));
    const { task_id } = await app.submit(completion('x', { model_ref: 'm', max_tokens: 3 }));
    expect((await app.frames(task_id)).at(-1)?.event).toBe('end');
    expect((await health()).metrics.gpu).toMatchObject([{ device: 0, vram_used_bytes: 3 * GIB }]);
    saySample();
    await eventually(() =>
      expect(reasons().lastIndexOf('probe_back')).toBeGreaterThan(reasons().indexOf('probe_lost')),
    );
  });
});
