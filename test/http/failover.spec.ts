import { randomUUID } from 'node:crypto';
import { type Decision, type StreamFrame } from '@llama-orch/client';
import { textOf, terminalOf } from '../support/read-events.js';
import { runnerPids } from '../support/runner-pids.js';
import { type TestApp, completion, mockPool, startTestApp } from '../support/start-app.js';
import { eventually } from '../support/eventually.js';

const HAIKU = {
  ...{ id: 'haiku', engine: 'embedded', model: 'haiku-nano', ctx: 512 },
  ...{ backoff: { initial_ms: 10, max_ms: 10, jitter: 0 }, breaker: { failures: 1000 } },
  failover: { wait_ms: 600_000 },
};
/** Each kill costs the start of a process, and the machine may be busy. */
const MANY_STARTS_MS = 180_000;

/** Hot enough to leave what it learned, so that it does not come to an end soon. */
const STORY = {
  ...{ workload: 'completion', model_ref: 'haiku-nano', priority: 'interactive', max_tokens: 400 },
  ...{ prompt: 'a frog', params: { temperature: 2, top_k: 0, top_p: 1 } },
};

const SCHEMA = { type: 'array', items: { type: 'boolean' }, minItems: 1, maxItems: 2 };
const SCHEMA_FORMAT = { type: 'json_schema', json_schema: { name: 'frogs', schema: SCHEMA } };
const BUDGETS = { tokens: 1000 };

const tokensOf = (frames: readonly StreamFrame[]) => frames.filter(({ event }) => event === 'token').length;

/** Kills the engine that serves a task, as soon as its reader has this many tokens; answers all that the reader got. */
async function killedAt(app: TestApp, task: object, atToken: number): Promise<StreamFrame[]> {
  const { task_id } = await app.submit(task);
  const stream = await app.follow(task_id);
  const { data } = await stream.until('started');
  for (let token = 0; token < atToken; token++) await stream.until('token');
  const pid = runnerPids(app, 'haiku').get(data.replica_id!);
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  return stream.rest();
}

/** What a reader must see whatever happened to the engine. */
function expectWhole(frames: readonly StreamFrame[]): void {
  expect(frames.map(({ id }) => id)).toEqual(frames.map((_, at) => at + 1));
  const indexes = frames.flatMap((frame) => (frame.event === 'token' ? [frame.data.i] : []));
  expect(indexes).toEqual(indexes.map((_, at) => at));
  expect(terminalOf(frames).event).toBe('end');
}

const failedOver = (frames: readonly StreamFrame[]) =>
  frames.some((frame) => frame.event === 'metrics' && frame.data.failover === true);

async function bothReady(app: TestApp): Promise<void> {
  await eventually(async () =>
    expect((await app.call('/v1/pools/haiku/health')).body).toMatchObject({
      replicas: [{ ready: true }, { ready: true }],
    }),
  );
}

describe('A stream whose engine is killed', () => {
  it(
    'brings every reader the bytes of the undisturbed run, on two replicas of the embedded engine (ORCH-4211, OC-CORE-1030, OC-TEST-7001)',
    async () => {
      const app = await startTestApp({ pools: [{ ...HAIKU, replicas: 2 }] });
      let hits = 0;
      // An engine that was quicker than we were had said all before it was killed.
      for (let seed = 0; hits < 3; seed++) {
        const undisturbed = await app.frames((await app.submit({ ...STORY, seed })).task_id);
        await bothReady(app);
        const frames = await killedAt(app, { ...STORY, seed }, 1 + ((seed * 67) % 300));
        expectWhole(frames);
        expect(textOf(frames)).toBe(textOf(undisturbed));
        if (failedOver(frames)) hits++;
      }
      expect(await app.metric('llama_orch_failovers_total', { pool_id: 'haiku', result: 'continued' })).toBe(hits);
      await app.untilIdle('haiku');
    },
    MANY_STARTS_MS,
  );

  it(
    'brings a valid document of a JSON schema, killed at each of its tokens (ORCH-4211, OC-CORE-1030)',
    async () => {
      const app = await startTestApp({ pools: [{ ...HAIKU, replicas: 2 }] });
      const task = { ...STORY, params: { response_format: SCHEMA_FORMAT }, seed: 3 };
      const undisturbed = await app.frames((await app.submit(task)).task_id);
      for (let token = 1; token <= tokensOf(undisturbed); token++) {
        await bothReady(app);
        const frames = await killedAt(app, task, token);
        expectWhole(frames);
        expect(textOf(frames)).toBe(textOf(undisturbed));
        expect((JSON.parse(textOf(frames)) as unknown[]).map((one) => typeof one)).toContain('boolean');
      }
    },
    MANY_STARTS_MS,
  );

  it(
    'goes on when the only replica is back (ORCH-4211)',
    async () => {
      const app = await startTestApp({ pools: [HAIKU] });
      const undisturbed = await app.frames((await app.submit({ ...STORY, seed: 1 })).task_id);
      for (let isHit = false; !isHit;) {
        await app.untilReady('haiku');
        const frames = await killedAt(app, { ...STORY, seed: 1 }, 5);
        expectWhole(frames);
        expect(textOf(frames)).toBe(textOf(undisturbed));
        isHit = failedOver(frames);
      }
    },
    MANY_STARTS_MS,
  );
});

/** Frames are counted, and a slow machine would take long enough for one more of the measurements. */
const NO_PULSE = { stream: { metrics_ms: 3_600_000 } };
const FAST = { breaker: { failures: 1000 } };
/** Back long after everything else is over. */
const GONE = { ...FAST, backoff: { initial_ms: 60_000, max_ms: 60_000, jitter: 0 } };

/** Two pools of one replica set, of which the first dies whenever it comes to its fourth token. */
async function mortal(options: object = {}): Promise<{ app: TestApp; alone: string; task_id: string }> {
  const dies = { fail: [{ kind: 'die', at_token: 3 }] };
  const pools = [mockPool(dies, { id: 'a', ...GONE }), mockPool(options, { id: 'b', labels: { sound: 'yes' } })];
  const app = await startTestApp({ pools });
  const sound = await app.submit(completion('a frog', { pool_labels: { sound: 'yes' } }));
  const alone = textOf(await app.frames(sound.task_id));
  const { task_id, pool_id } = await app.submit(completion('a frog'));
  expect(pool_id).toBe('a');
  return { app, alone, task_id };
}

describe('A stream whose engine dies after three tokens', () => {
  it('goes on in another pool of the replica set where its own serves nobody (ORCH-4211, ORCH-3007)', async () => {
    const { app, alone, task_id } = await mortal();
    const frames = await app.frames(task_id);
    expectWhole(frames);
    expect([failedOver(frames), textOf(frames)]).toEqual([true, alone]);
    expect(await app.task(task_id)).toMatchObject({ pool_id: 'b', replica_id: 'b-0', tokens_out: 16 });
    const decision = (await app.call<Decision>(`/v1/tasks/${task_id}/decision`)).body;
    const kinds = decision.receipts.map(({ kind }) => kind);
    expect([kinds, decision.replayed]).toEqual([['admission', 'dispatch', 'requeue', 'requeue', 'dispatch'], true]);
  });

  it('ends with a typed error where that pool says something else (ORCH-4211)', async () => {
    const { app, alone, task_id } = await mortal({ emoji: true });
    const frames = await app.frames(task_id);
    expect(terminalOf(frames).data).toMatchObject({
      ...{ code: 'WORKER_RESET', pool_id: 'b', retriable: true },
      message: 'the engine was lost, and another run did not repeat its answer; send the task again',
    });
    expect([tokensOf(frames), alone.startsWith(textOf(frames))]).toEqual([3, false]);
    await app.untilIdle('b');
  });

  it.each([
    ['of a best_effort pool', { determinism: 'best_effort' }, {}],
    ['of a pool without fail-over', { failover: { mode: 'off' } }, {}],
    ['of a task that is content with less', {}, { determinism: 'best_effort' }],
  ])('%s ends with WORKER_RESET (ORCH-4211, ORCH-3045)', async (_whose, pool, task) => {
    const app = await startTestApp({ ...NO_PULSE, pools: [mockPool({}, { ...FAST, ...pool })] });
    const frames = await app.frames((await app.submit(completion('[[mock:die@3x1]]a frog', task))).task_id);
    expect(frames.map(({ event }) => event)).toEqual(['started', 'token', 'token', 'token', 'error']);
    expect(terminalOf(frames).data).toMatchObject({ code: 'WORKER_RESET' });
  });

  it('ends with a typed error when the only replica is not back in time (ORCH-4211)', async () => {
    const app = await startTestApp({ ...NO_PULSE, pools: [mockPool({}, { ...GONE, failover: { wait_ms: 100 } })] });
    const frames = await app.frames((await app.submit(completion('[[mock:die@3x1]]a frog'))).task_id);
    expect(terminalOf(frames).data).toMatchObject({
      code: 'WORKER_RESET',
      message:
        'the engine was lost, and no replica was free within 100 ms to go on with the answer; send the task again',
    });
    expect(frames.map(({ event }) => event)).toEqual(['started', 'token', 'token', 'token', 'error']);
  });

  it('ends when it dies there again: no third engine is spent on it (ORCH-4211)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, { ...FAST, replicas: 2 })] });
    const frames = await app.frames((await app.submit(completion('[[mock:die@3]]'))).task_id);
    expect(terminalOf(frames).data).toMatchObject({ code: 'WORKER_RESET' });
    const restarts = app.lines.filter(({ event, failovers }) => event === 'failover' && failovers === 1);
    expect(restarts.map(({ message }) => message)).toEqual(['engine lost, another run is to go on', 'answer failed']);
  });

  it('shows its session as cold, and charges it for each token once (ORCH-3009, ORCH-3023, ORCH-4407)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, { ...FAST, replicas: 2 })], budgets: BUDGETS });
    const session_id = randomUUID();
    const frames = await app.frames((await app.submit(completion('[[mock:die@3x1]]a frog', { session_id }))).task_id);
    expectWhole(frames);
    const metrics = frames.flatMap((frame) => (frame.event === 'metrics' ? [frame.data] : []));
    expect(metrics.at(-1)).toMatchObject({ failover: true, kv_warmth: false, kv_migrated: false });
    // Two of the prompt, sixteen of the answer.
    const session = (await app.call(`/v1/sessions/${session_id}`)).body;
    expect(session).toMatchObject({ tokens_budget_remaining: 1000 - 18, kv_warmth: true });
  });
});
