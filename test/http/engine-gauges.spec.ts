import { eventually } from '../support/eventually.js';
import { startFakeOpenAi } from '../support/fake-engines/openai.js';
import { startFakeVllm } from '../support/fake-engines/vllm.js';
import { type FakeEngine } from '../support/fake-engines/fake-engine.js';
import { startTestApp, type TestApp } from '../support/start-app.js';

const started: FakeEngine[] = [];
afterAll(() => Promise.all(started.map((one) => one.close())));

async function served(engine: string, fake: FakeEngine): Promise<TestApp> {
  started.push(fake);
  // Both sides are this process: when it stands still, so does the answer.
  const probe = { interval_ms: 20, timeout_ms: 20_000, heartbeat_stale_ms: 30_000 };
  const backoff = { initial_ms: 60_000, max_ms: 60_000 };
  return startTestApp({
    pools: [{ id: 'p', engine, model: 'tiny', endpoint: fake.url, ctx: 512, backoff, probe }],
  });
}

/** Samples of one series, as `labels value`. */
async function samplesOf(app: TestApp, name: string): Promise<string[]> {
  const { text } = await app.call('/metrics');
  return text.split('\n').filter((line) => line.startsWith(`${name}{`));
}

describe('What engines tell of themselves', () => {
  it('stands among the series, under our labels (ORCH-4507, OC-ADAPT-5002)', async () => {
    const fake = await startFakeVllm({ tps: 4 });
    const app = await served('vllm', fake);
    const labels = 'engine="vllm",engine_version="[^"]+",pool_id="p",replica_id="p-0"';
    const ask = { workload: 'completion', model_ref: 'tiny', priority: 'interactive', prompt: ' one', max_tokens: 200 };
    const { task_id } = await app.submit(ask);
    await eventually(async () => {
      expect((await samplesOf(app, 'llama_orch_engine_requests')).join('\n')).toMatch(
        new RegExp(`^llama_orch_engine_requests\\{${labels},state="running"\\} 1$`, 'm'),
      );
      expect((await samplesOf(app, 'kv_cache_usage_ratio')).join('\n')).toMatch(
        new RegExp(`^kv_cache_usage_ratio\\{${labels}\\} 0\\.\\d+$`, 'm'),
      );
    });
    await eventually(async () =>
      expect((await samplesOf(app, 'llama_orch_engine_tokens_total')).join('\n')).toMatch(/kind="generated"\} [1-9]/),
    );
    await app.cancel(task_id);
  });

  it('is not there where an engine tells nothing, and goes when the engine goes (ORCH-4507)', async () => {
    const silent = await served('openai', await startFakeOpenAi());
    expect(await samplesOf(silent, 'kv_cache_usage_ratio')).toEqual([]);
    const fake = await startFakeVllm();
    const app = await served('vllm', fake);
    await eventually(async () => expect(await samplesOf(app, 'kv_cache_usage_ratio')).toHaveLength(1));
    await fake.close();
    await eventually(async () => expect(await samplesOf(app, 'kv_cache_usage_ratio')).toEqual([]));
  });
});
