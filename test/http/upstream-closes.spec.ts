import { eventually } from '../support/eventually.js';
import { type FakeEngine } from '../support/fake-engines/fake-engine.js';
import { startFakeOpenAi } from '../support/fake-engines/openai.js';
import { startFakeTgi } from '../support/fake-engines/tgi.js';
import { startFakeTriton } from '../support/fake-engines/triton.js';
import { startFakeVllm } from '../support/fake-engines/vllm.js';
import { startFakeLlamaServer } from '../support/fake-llama-server/fake-llama-server.js';
import { HeldClock } from '../support/held-clock.js';
import { startTestApp, type TestApp } from '../support/start-app.js';

const STREAMS = 40;
/** An answer that does not end by itself. */
const SILENT = { type: 'stall', afterTokens: 2 } as const;

type Fake = Pick<FakeEngine, 'url' | 'close' | 'fault'> & {
  readonly stats: { readonly abandoned: number; readonly busySlots: number };
};

const OPTIONS = { slots: 1, contextTokens: 4096 };
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
    'that %s is closed upstream and frees its slot without any wait of the daemon (ORCH-3017, OC-ADAPT-5010)',
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
      fake.fault(SILENT);
      // What follows takes no time but that of the machine.
      new HeldClock(app);
      for (let stream = 0; stream < STREAMS; stream++) {
        const before = fake.stats.abandoned;
        const body = { model_ref: 'tiny', priority: 'interactive', prompt: ' one', max_tokens: 2_000 };
        const { task_id } = await app.submit({ workload: 'completion', on_disconnect: 'cancel', ...body });
        const reader = await app.follow(task_id);
        await reader.until('token');
        await leave(app, task_id, () => reader.close());
        await eventually(() => expect([fake.stats.abandoned, fake.stats.busySlots]).toEqual([before + 1, 0]));
        reader.close();
        await eventually(async () => expect(await app.metric('active_leases', { pool_id: 'pool' })).toBe(0));
      }
      fake.fault(undefined);
    },
  );
});
