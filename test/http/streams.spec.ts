import { type TaskAccepted } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { HeldClock } from '../support/held-clock.js';
import { Events, textOf, terminalOf } from '../support/read-events.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectSchema } from './contract.js';

const SCHEMAS = {
  ...{ started: 'StartedFrame', token: 'TokenFrame', metrics: 'MetricsFrame' },
  ...{ end: 'EndFrame', error: 'ErrorFrame', queued: 'QueuedFrame' },
} as const;

let app: TestApp;
beforeAll(async () => {
  // Frames that come with time come to nobody here.
  app = await startTestApp({ stream: { keepalive_ms: 200, metrics_ms: 3_600_000 } });
});

describe('POST /v1/tasks', () => {
  it('answers 202 with its numbers, its place and where to follow (ORCH-2001, ORCH-4406)', async () => {
    const answer = await app.post<TaskAccepted>(completion());
    expect(answer.status).toBe(202);
    expectSchema('TaskAccepted', answer.body);
    const { task_id, stream } = answer.body;
    expect(answer.headers.get('location')).toBe(`/v1/tasks/${task_id}`);
    expect(stream).toBe(`/v1/tasks/${task_id}/stream`);
    expect(answer.body).toMatchObject({
      queue_position: 0,
      predicted_start_ms: 0,
      predicted_start_p90_ms: 0,
      backoff_ms: 0,
    });
  });

  it('derives an omitted seed from the task id (ORCH-4105)', async () => {
    const task_id = 'F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6';
    const accepted = await app.submit(completion('a frog', { task_id }));
    expect(accepted).toMatchObject({ task_id: task_id.toLowerCase(), seed: await seedOfText(task_id.toLowerCase()) });
  });

  it('keeps a seed that no number holds, as text (ORCH-4104)', async () => {
    const { seed, task_id } = await app.submit(completion('a frog', { seed: '9223372036854775807' }));
    expect(seed).toBe('9223372036854775807');
    expect((await app.task(task_id)).seed).toBe('9223372036854775807');
  });
});

describe('The stream of a task', () => {
  it('has its frames in order, numbered without gaps, and one that closes it (ORCH-2002, ORCH-4201, ORCH-4202, OC-CTRL-2020, OC-CTRL-2022)', async () => {
    const { task_id } = await app.submit(completion('a frog', { max_tokens: 10 }));
    const stream = await app.follow(task_id);
    const frames = await stream.rest();
    expect(stream.complete).toBe(true);
    expect(frames.map(({ event }) => event)).toEqual(['started', ...Array<string>(10).fill('token'), 'metrics', 'end']);
    expect(frames.map(({ id }) => id)).toEqual(frames.map((_, index) => index + 1));
    expect(frames.flatMap(({ event, data }) => (event === 'token' ? [data.i] : []))).toEqual([...Array(10).keys()]);
    expect(terminalOf(frames).data).toMatchObject({
      tokens_out: 10,
      finish_reason: 'length',
      usage: { completion_tokens: 10 },
    });
    for (const { event, data } of frames) expectSchema(SCHEMAS[event], data);
  });

  it('opens with the numbers of the 202 and of the admission log (OC-CTRL-2021, OC-CTRL-2050, ORCH-3029)', async () => {
    const holder = await app.submit(completion('[[mock:stall@0]]'));
    const second = await app.submit(completion('second'));
    const third = await app.submit(completion('third'));
    expect([second.queue_position, third.queue_position]).toEqual([0, 1]);
    await app.cancel(holder.task_id);
    for (const { task_id, queue_position, predicted_start_ms, seed } of [second, third]) {
      const [started] = await app.frames(task_id);
      expect(started).toMatchObject({
        event: 'started',
        data: { queue_position, predicted_start_ms, seed, pool_id: 'mock', engine: 'mock' },
      });
      const logged = app.lines.find((line) => line.event === 'admission' && line['job_id'] === task_id);
      expect(logged).toMatchObject({ queue_position, predicted_start_ms });
    }
  });

  it('sends a metrics frame after the first token and at least one before a normal end (OC-CTRL-2023, HME-021, OC-METRICS-7110)', async () => {
    const { task_id } = await app.submit(completion('a frog', { max_tokens: 1 }));
    const frames = await app.frames(task_id);
    expect(frames.map(({ event }) => event)).toEqual(['started', 'token', 'metrics', 'end']);
    expect(frames[2]?.data).toMatchObject({ queue_depth: 0, on_time_probability: 1 });
  });

  it('has the head of an event stream, without compression (ORCH-2002)', async () => {
    const { task_id } = await app.submit(completion());
    const { status, headers } = await app.follow(task_id, { headers: { 'accept-encoding': 'gzip, br' } });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(headers['content-encoding']).toBeUndefined();
  });

  it('tells a waiting task its place and predicted start in the head, and opens at once (ORCH-2002)', async () => {
    const holder = await app.submit(completion('[[mock:stall@0]]'));
    const first = await app.submit(completion());
    const second = await app.submit(completion());
    const { headers, all } = await app.follow(second.task_id);
    expect(headers['x-queue-position']).toBe('1');
    expect(Number(headers['x-queue-eta-ms'])).toBeGreaterThan(0);
    expect(all).toEqual([]);
    for (const { task_id } of [holder, first, second]) await app.cancel(task_id);
  });

  it('holds whole characters and whole lines, whatever the model writes (OC-CTRL-2022)', async () => {
    const { task_id } = await app.submit(completion('[[mock:emoji]][[mock:tokens=60]] a\nb'));
    const text = textOf(await app.frames(task_id));
    expect(text).toMatch(/\p{Extended_Pictographic}/u);
    expect(text).not.toContain('\u{fffd}');
  });

  it('ends an answer that reached a stop string before it (OC-ADAPT-5010)', async () => {
    const whole = textOf(await app.frames((await app.submit(completion())).task_id));
    const stop = whole.split(' ')[4]!;
    const frames = await app.frames((await app.submit(completion('a frog', { params: { stop: [stop] } }))).task_id);
    expect(textOf(frames)).toBe(whole.slice(0, whole.indexOf(stop)));
    expect(terminalOf(frames).data).toMatchObject({ finish_reason: 'stop' });
  });

  it('brings embeddings and scores in its end, without tokens and metrics (ORCH-4209, ORCH-4112)', async () => {
    const inputs = ['a frog', 'a pond'];
    const embedding = await app.submit({ workload: 'embedding', model_ref: 'mock-model', priority: 'batch', inputs });
    const rerank = await app.submit({
      workload: 'rerank',
      model_ref: 'mock-model',
      priority: 'batch',
      prompt: 'frog',
      inputs,
    });
    for (const [task, output] of [
      [embedding, 'embeddings'],
      [rerank, 'scores'],
    ] as const) {
      const frames = await app.frames(task.task_id);
      expect(frames.map(({ event }) => event)).toEqual(['started', 'end']);
      const { data } = terminalOf(frames);
      expectSchema('EndFrame', data);
      expect(data).toMatchObject({
        tokens_out: 0,
        decode_ms: 0,
        output: { [output]: [expect.anything(), expect.anything()] },
      });
      expect(await app.task(task.task_id)).toMatchObject({ state: 'completed', tokens_out: 0 });
    }
  });

  it('sends queued frames only to readers who ask, numbered by the last logged frame (ORCH-4205)', async () => {
    const clock = new HeldClock(app);
    const holder = await app.submit(completion('[[mock:stall@0]]'));
    const before = await app.submit(completion());
    const { task_id } = await app.submit(completion());
    const asked = await app.follow(task_id, { query: 'events=queued' });
    const byHeader = await app.follow(task_id, { headers: { 'accept-events': 'queued' } });
    const silent = await app.follow(task_id);
    for (const stream of [asked, byHeader]) {
      const first = await stream.next();
      expect(first).toMatchObject({ id: 0, event: 'queued', data: { position: 1 } });
      expectSchema('QueuedFrame', first?.data);
    }
    await app.cancel(before.task_id);
    clock.leap(1_000);
    expect(await asked.next()).toMatchObject({ event: 'queued', data: { position: 0 } });
    await app.cancel(holder.task_id);
    const logged = (await asked.rest()).filter(({ event }) => event !== 'queued');
    expect(await silent.rest()).toEqual(logged);
  });

  it('keeps silent readers with bare comments (ORCH-4204)', async () => {
    const { task_id } = await app.submit(completion('[[mock:stall@1]]'));
    const stream = await app.follow(task_id);
    await eventually(() => expect(stream.text).toMatch(/\n\n:\n\n:\n\n/));
    expect(stream.comments).toBeGreaterThanOrEqual(2);
    await app.cancel(task_id);
    expect(terminalOf(await stream.rest()).data).toMatchObject({ finish_reason: 'cancelled' });
  });
});

describe('GET /v1/tasks', () => {
  it('shows a task in every state with the schema of the contract (ORCH-4106, ORCH-3024)', async () => {
    const running = await app.submit(completion('[[mock:stall@1]]', { deadline_ms: 60_000 }));
    const queued = await app.submit(completion());
    await (await app.follow(running.task_id)).until('token');
    expect(await app.task(running.task_id)).toMatchObject({ state: 'streaming', tokens_out: 1, queue_position: null });
    expect(await app.task(queued.task_id)).toMatchObject({ state: 'queued', queue_position: 0, started_ms: null });
    await app.cancel(running.task_id);
    await app.frames(queued.task_id);
    for (const [id, state] of [
      [running.task_id, 'cancelled'],
      [queued.task_id, 'completed'],
    ] as const) {
      const task = await app.task(id);
      expectSchema('Task', task);
      expect(task).toMatchObject({ state, pool_id: 'mock', replica_id: 'mock-0', ended_ms: expect.any(Number) });
    }
  });

  it('pages newest first and filters (ORCH-4106)', async () => {
    const session_id = '3f1d4fae-7dec-41d0-a765-00a0c91e6bf6';
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift((await app.submit(completion('x', { session_id }))).task_id);
    const found: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: { items: { task_id: string }[]; next_cursor: string | null } = (
        await app.call<never>(`/v1/tasks?session_id=${session_id}&limit=2${cursor && `&cursor=${cursor}`}`)
      ).body;
      expectSchema('TaskList', page);
      found.push(...page.items.map(({ task_id }) => task_id));
      cursor = page.next_cursor;
    }
    expect(found).toEqual(ids);
    const none = await app.call<{ items: unknown[] }>(`/v1/tasks?session_id=${session_id}&state=failed`);
    expect(none.body.items).toEqual([]);
  });
});

describe('Discovery', () => {
  it('describes live pools with the schemas of the contract (OC-CTRL-2060, OC-CTRL-2061, ORCH-2103, OC-CTRL-2001, ORCH-3032)', async () => {
    const [capabilities, pools, plugins] = await Promise.all(
      ['/v1/capabilities', '/v1/pools', '/v1/plugins'].map((path) => app.call(path)),
    );
    expectSchema('Capabilities', capabilities?.body);
    expectSchema('PoolList', pools?.body);
    expectSchema('PluginReport', plugins?.body);
    expect(capabilities?.body).toMatchObject({
      api_version: '1.0.0',
      engines: [{ engine: 'mock', engine_version: 'mock-1', concurrency: 1 }],
    });
    const documents = await app.call<{ info: { version: string } }>('/openapi/data.json');
    expect(documents.body.info.version).toBe('1.0.0');
  });
});

describe('A pool with two replicas', () => {
  it('fills both before anybody waits, and the same task gives the same bytes on each (ORCH-3045, OC-CORE-1030, ORCH-3008, OC-TEST-7001)', async () => {
    const two = await startTestApp({ pools: [mockPool({}, { replicas: 2 })] });
    await eventually(async () => expect((await two.call('/v1/pools/mock/health')).text).not.toContain('"ready":false'));
    const body = completion('a frog', { seed: 42, params: { temperature: 0.7 } });
    const holders: string[] = [];
    const texts: string[] = [];
    for (let i = 0; i < 2; i++) {
      const { task_id, queue_position } = await two.submit(body);
      expect(queue_position).toBe(0);
      texts.push(textOf(await two.frames(task_id)));
      holders.push((await two.submit(completion('[[mock:stall@0]]'))).task_id);
    }
    const replicas = await Promise.all(holders.map(async (id) => (await two.task(id)).replica_id));
    expect(replicas.toSorted()).toEqual(['mock-0', 'mock-1']);
    expect(texts[0]).toBe(texts[1]);
    const waits = await two.submit(completion());
    expect(await two.task(waits.task_id)).toMatchObject({ state: 'queued' });
    for (const id of holders) await two.cancel(id);
    expect(
      await Events.open(`${two.url}/v1/tasks/${waits.task_id}/stream`).then((events) => events.rest()),
    ).not.toEqual([]);
  });
});

async function seedOfText(id: string): Promise<number> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(id)));
  const first = hash.slice(0, 8).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return Number(first >> 11n);
}
