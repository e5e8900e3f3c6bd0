import { eventually } from '../support/eventually.js';
import {
  startFakeLlamaServer,
  type FakeLlamaOptions,
  type FakeLlamaServer,
} from '../support/fake-llama-server/fake-llama-server.js';
import { HeldClock } from '../support/held-clock.js';
import { textOf, terminalOf } from '../support/read-events.js';
import { startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

const servers: FakeLlamaServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.close())));

async function start(
  server: FakeLlamaOptions = {},
  pool: object = {},
  readyPools?: readonly string[],
): Promise<{ app: TestApp; fake: FakeLlamaServer }> {
  const fake = await startFakeLlamaServer(server);
  servers.push(fake);
  const app = await startTestApp(
    {
      pools: [
        {
          ...{ id: 'llama', engine: 'llamacpp', model: 'tiny', endpoint: fake.url, ctx: 512 },
          ...{ backoff: { initial_ms: 20, max_ms: 50, jitter: 0 }, probe: { interval_ms: 50 } },
          ...pool,
        },
      ],
    },
    readyPools,
  );
  return { app, fake };
}

function ask(prompt: string, more: object = {}): object {
  return { workload: 'completion', model_ref: 'tiny', priority: 'interactive', prompt, max_tokens: 20, ...more };
}

describe('A llama-server behind a pool', () => {
  it('serves tasks with its version in started, equal seeds giving equal text (ORCH-3054, ORCH-3032, ORCH-3045)', async () => {
    const { app } = await start();
    const body = ask('story', { seed: 5, params: { temperature: 0.8 } });
    const [one, two] = [
      await app.frames((await app.submit(body)).task_id),
      await app.frames((await app.submit(body)).task_id),
    ];
    expect(one[0]).toMatchObject({
      event: 'started',
      data: { engine: 'llamacpp', engine_version: expect.stringContaining('b1'), seed: 5 },
    });
    expect(textOf(one)).not.toBe('');
    expect(textOf(one)).toBe(textOf(two));
  });

  it('stops decoding when a task is cancelled, and its slot serves the next (ORCH-3017, OC-ADAPT-5001)', async () => {
    const { app, fake } = await start();
    // The cut-off decode of the self-tests is abandoned for the engine a moment later than for the daemon.
    await eventually(() => expect(fake.stats.busySlots).toBe(0));
    const before = fake.stats.abandoned;
    fake.fault({ type: 'stall', afterTokens: 3 });
    const { task_id } = await app.submit(ask('count', { max_tokens: 400 }));
    const next = await app.submit(ask('hello', { max_tokens: 2 }));
    await (await app.follow(task_id)).until('token');
    fake.fault(undefined);
    await app.cancel(task_id);
    expect(terminalOf(await app.frames(next.task_id)).event).toBe('end');
    expect(fake.stats.abandoned).toBe(before + 1);
    await app.untilIdle('llama');
  });

  it('that keeps a cancelled slot holds up neither answer nor reader, and is left for a new start (ORCH-3017, OC-POOL-3010)', async () => {
    const { app, fake } = await start({ tps: 20 }, { timeouts: { cancel_ms: 100 }, breaker: { failures: 1_000 } });
    fake.fault({ type: 'clinging-slot', ms: 600_000 });
    const clock = new HeldClock(app);
    const { task_id } = await app.submit(ask('count', { max_tokens: 400 }));
    const stream = await app.follow(task_id);
    await stream.until('token');
    expect((await app.cancel(task_id)).status).toBe(204);
    // The daemon waits for no time at all before it answers.
    expect(terminalOf(await stream.rest()).data).toMatchObject({ finish_reason: 'cancelled' });
    clock.goOn();
    await eventually(async () =>
      expect((await app.call('/v1/pools/llama/health')).text).toContain('"restart_count":1'),
    );
    // Starts do not pass their self-tests before the engine lets go.
    fake.fault(undefined);
    fake.letGo();
    await app.untilReady('llama');
    await app.untilIdle('llama');
  });

  it('that cuts a stream after tokens ends the task with WORKER_RESET at once (ORCH-4211, OC-CTRL-2030)', async () => {
    const { app, fake } = await start({ tps: 500 });
    fake.fault({ type: 'reset', afterTokens: 3 });
    const { task_id } = await app.submit(ask('count'));
    const frames = await app.frames(task_id);
    expect(frames.filter(({ event }) => event === 'token').length).toBe(3);
    expect(terminalOf(frames)).toMatchObject({
      event: 'error',
      data: { code: 'WORKER_RESET', engine: 'llamacpp', retriable: true },
    });
  });

  it('that refuses a prompt its tokenizer finds too long ends the task with INVALID_PARAMS (ORCH-3015)', async () => {
    const { app, fake } = await start();
    fake.fault({
      type: 'reply',
      status: 400,
      body: JSON.stringify({
        error: {
          code: 400,
          message: 'request (600 tokens) exceeds the available context size (512 tokens)',
          type: 'exceed_context_size_error',
        },
      }),
    });
    const { task_id } = await app.submit(ask('hello'));
    expect(terminalOf(await app.frames(task_id)).data).toMatchObject({ code: 'INVALID_PARAMS', retriable: false });
  });

  it('counts a long prompt before it is queued and refuses what cannot fit (ORCH-3014, ORCH-3015, OC-CORE-1020, OC-CORE-1021)', async () => {
    const { app } = await start();
    const answer = await app.post(ask('story '.repeat(600), { max_tokens: 10 }));
    const body = expectProblem(answer, 400, 'INVALID_PARAMS');
    expect(body).toMatchObject({ engine: 'llamacpp', pool_id: 'llama', errors: [{ pointer: '/prompt' }] });
    expectProblem(await app.post(ask('x', { ctx: 513 })), 400, 'INVALID_PARAMS');
  });

  it('that goes away makes the pool unready, and ready again when it is back (ORCH-3010, OC-POOL-3002, OC-POOL-3003)', async () => {
    const { app, fake } = await start();
    fake.loading(true);
    await eventually(async () => expectProblem(await app.post(ask('x')), 503, 'POOL_UNREADY'));
    fake.loading(false);
    await app.untilReady('llama');
    expect(terminalOf(await app.frames((await app.submit(ask('hello'))).task_id)).event).toBe('end');
  });

  it.each<[string, FakeLlamaOptions, object, RegExp]>([
    ['a model of another name', {}, { model: 'other' }, /serves tiny\.gguf, not other/],
    ['a key that the pool lacks', { apiKey: 'sesame' }, {}, /check the key/],
    ['router mode', { router: true }, {}, /router mode/],
  ])(
    'that has %s leaves the pool unready, and last_error says so (ORCH-3010, ORCH-3054)',
    async (_, server, pool, words) => {
      const { app } = await start(server, pool, []);
      await eventually(async () => {
        const { body } = await app.call('/v1/pools/llama/health');
        expect(body).toMatchObject({ ready: false, last_error: { message: expect.stringMatching(words) } });
      });
    },
  );
});
