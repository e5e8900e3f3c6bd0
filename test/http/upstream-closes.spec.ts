import { eventually } from '../support/eventually.js';
import { type FakeEngine } from '../support/fake-engines/fake-engine.js';
import { startFakeOpenAi } from '../support/fake-engines/openai.js';
import { startFakeTgi } from '../support/fake-engines/tgi.js';
import { startFakeTriton } from '../support/fake-engines/triton.js';
import { startFakeVllm } from '../support/fake-engines/vllm.js';
import { startFakeLlamaServer } from '../support/fake-llama-server/fake-llama-server.js';
import { startTestApp, type TestApp } from '../support/start-app.js';

const STREAMS = 40;
const CLOSED_MS = 250;
const FREE_MS = 1_000;

type Fake = Pick<FakeEngine, 'url' | 'close'> & {
  readonly stats: { readonly abandoned: number; readonly busySlots: number };
};

const OPTIONS = { tps: 200, slots: 1, contextTokens: 4096 };
const ENGINES: readonly (readonly [string, () => Promise<Fake>])[] = [
  ['llamacpp', () => startFakeLlamaServer(OPTIONS)],
  ['vllm', () => startFakeVllm(OPTIONS)],
  ['tgi', () => startFakeTgi(OPTIONS)],
  ['triton', () => startFakeTriton(OPTIONS)],
  ['openai', () => startFakeOpenAi(OPTIONS)],
];

const LEAVES: readonly (readonly [string, (app: TestApp, taskId: string, close: () => void) => unknown])[] = [
  ['is cancelled', (app, taskId) => app.cancel(taskId)],
  ['loses its only reader', (_app, _taskId, close) => close()],
];

describe.each(ENGINES)('An answer of %s', (engine, startEngine) => {
  let fake: Fake;
  beforeAll(async () => void (fake = await startEngine()));
  afterAll(() => fake.close());

  it.each(LEAVES)(
    'that %s is closed upstream within 250 ms in 99 of 100, its slot free within a second (ORCH-3017, OC-ADAPT-5010)',
    async (_how, leave) => {
      const pool = {
        id: 'pool',
        engine,
        model: 'tiny',
        endpoint: fake.url,
        ctx: 4096,
        determinism: 'best_effort' as const,
      };
      const app = await startTestApp({ pools: [pool] });
      // The cut-off decode of the self-tests is abandoned for the engine a moment later than for the daemon.
      await eventually(() => expect(fake.stats.busySlots).toBe(0));
      const [closed, free]: number[][] = [[], []];
      for (let stream = 0; stream < STREAMS; stream++) {
        const before = fake.stats.abandoned;
        const body = { model_ref: 'tiny', priority: 'interactive', prompt: ' one', max_tokens: 2_000 };
        const { task_id } = await app.submit({ workload: 'completion', on_disconnect: 'cancel', ...body });
        const reader = await app.follow(task_id);
        await reader.until('token');
        const left = performance.now();
        void leave(app, task_id, () => reader.close());
        await eventually(() => expect(fake.stats.abandoned).toBe(before + 1));
        closed!.push(performance.now() - left);
        await eventually(() => expect(fake.stats.busySlots).toBe(0));
        free!.push(performance.now() - left);
        reader.close();
      }
      expect(p99(closed!)).toBeLessThan(CLOSED_MS);
      expect(p99(free!)).toBeLessThan(FREE_MS);
    },
    30_000,
  );
});

function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(0.99 * values.length) - 1]!;
}
