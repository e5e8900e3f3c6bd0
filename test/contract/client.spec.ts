import {
  AnswerChangedError,
  ApiError,
  Client,
  TaskFailedError,
  UnreachableError,
  type StreamFrame,
  type StreamSnapshot,
} from '@llama-orch/client';
import { ContractServer, frame, refusal, type Answer, type Route } from './support/contract-server.js';

const TASK_ID = '0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f';
const TASK = {
  workload: 'completion',
  model_ref: 'haiku-nano',
  priority: 'interactive',
  prompt: 'hi',
  max_tokens: 4,
} as const;
const ACCEPTED = {
  task_id: TASK_ID,
  queue_position: 0,
  predicted_start_ms: 0,
  predicted_start_p90_ms: 0,
  backoff_ms: 0,
  pool_id: 'default',
  seed: 7,
  stream: `/v1/tasks/${TASK_ID}/stream`,
};
const FRAMES = [
  frame(1, 'started', { queue_position: 0, predicted_start_ms: 0 }),
  frame(2, 'token', { t: 'old ', i: 0 }),
  frame(3, 'token', { t: 'pond', i: 1 }),
  frame(4, 'metrics', { queue_depth: 0, on_time_probability: 1 }),
  frame(5, 'end', { tokens_out: 2, decode_ms: 4, finish_reason: 'stop' }),
];

const NOTHING = { finish_reason: null, error: null, transcript: null } as const;
const ENDED = {
  ...NOTHING,
  task_id: TASK_ID,
  state: 'completed',
  text: 'old pond',
  next_seq: 6,
  finish_reason: 'stop',
} as const;
const RUNNING = { ...NOTHING, task_id: TASK_ID, state: 'streaming', text: 'ol', next_seq: 3, epoch: 9 } as const;
const TASK_VIEW = {
  ...NOTHING,
  ...{ task_id: TASK_ID, session_id: null, priority: 'batch', workload: 'completion', model_ref: 'haiku-nano' },
  ...{ engine: 'mock', engine_version: null, pool_id: 'default', replica_id: null, model_digest: null, seed: 7 },
  ...{ queue_position: null, predicted_start_ms: null, predicted_start_p90_ms: null, tokens_out: 0, decode_ms: 0 },
  ...{ created_ms: 1, started_ms: null, ended_ms: null, deadline_at_ms: null, correlation_id: 'corr-1' },
} as const;

let server: ContractServer;
let waits: number[];
afterEach(() => server.close());

async function start(routes: Readonly<Record<string, Route>>, token?: string): Promise<Client> {
  server = await ContractServer.start(routes);
  waits = [];
  return new Client({ url: server.url, token, wait: (milliseconds) => Promise.resolve(void waits.push(milliseconds)) });
}

/** Answers one after the other; the last one stays. */
function inTurn(...answers: readonly Answer[]): Route {
  let at = 0;
  return () => answers[Math.min(at++, answers.length - 1)] as Answer;
}

/** The refusal of a cursor whose next frame is gone. */
function gone(snapshot: StreamSnapshot): Answer {
  return refusal('STREAM_GONE', 410, { snapshot });
}

async function collect(frames: AsyncIterable<StreamFrame>): Promise<StreamFrame[]> {
  const all: StreamFrame[] = [];
  for await (const one of frames) all.push(one);
  return all;
}

describe('Client.submit', () => {
  it('sends the task with the key and answers the acceptance (ORCH-2001, FR-SI-001, OC-CLI-2001)', async () => {
    const client = await start({ 'POST /v1/tasks': inTurn({ status: 202, body: ACCEPTED }) }, 'secret');
    await expect(client.submit(TASK)).resolves.toEqual(ACCEPTED);
    expect(server.received[0]).toMatchObject({ body: TASK, headers: { authorization: 'Bearer secret' } });
  });

  it('throws a refusal with its code, wait and correlation id (OC-CLI-2003, OC-CLI-2801, OC-CLI-2701)', async () => {
    const busy = refusal('ADMISSION_REJECT', 429, { retriable: true, retry_after_ms: 1500, policy_label: 'reject' });
    const client = await start({ 'POST /v1/tasks': inTurn(busy) });
    const error = await client.submit(TASK).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'ADMISSION_REJECT', status: 429, retriable: true, retryAfterMs: 1500 });
    expect(error).toMatchObject({ correlationId: 'corr-1', problem: { policy_label: 'reject' } });
    expect(waits).toEqual([]);
  });

  it('waits exactly as told before it tries again (OC-CLI-2802, FR-ER-002)', async () => {
    const busy = refusal('ADMISSION_REJECT', 429, { retriable: true, retry_after_ms: 1500, policy_label: 'reject' });
    const client = await start({ 'POST /v1/tasks': inTurn(busy, busy, { status: 202, body: ACCEPTED }) });
    await expect(client.submit(TASK, { retry: { attempts: 3 } })).resolves.toEqual(ACCEPTED);
    expect(waits).toEqual([1500, 1500]);
  });

  it('gives all tries one name, so that they are one call for the daemon (OC-CLI-2802)', async () => {
    const busy = refusal('ADMISSION_REJECT', 429, { retriable: true, retry_after_ms: 1, policy_label: 'reject' });
    const client = await start({ 'POST /v1/tasks': inTurn(busy, { status: 202, body: ACCEPTED }) });
    await client.submit(TASK, { retry: { attempts: 3 } });
    const [first, second] = server.received.map(({ headers }) => headers['idempotency-key']);
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).toBe(first);
  });

  it('never repeats what is not retriable (ORCH-3025, FR-ER-002)', async () => {
    const client = await start({ 'POST /v1/tasks': inTurn(refusal('INVALID_PARAMS', 400)) });
    await expect(client.submit(TASK, { retry: { attempts: 3 } })).rejects.toMatchObject({ code: 'INVALID_PARAMS' });
    expect(server.count('POST /v1/tasks')).toBe(1);
  });
});

describe('Client.stream', () => {
  const route = 'GET /v1/tasks/{id}/stream';

  it('yields typed frames up to the terminal one (OC-CLI-2002, ORCH-2002)', async () => {
    const client = await start({ [route]: inTurn({ status: 200, frames: FRAMES, then: 'stay' }) });
    await expect(collect(client.stream(TASK_ID))).resolves.toEqual(FRAMES);
  });

  it('resumes behind the last frame after a broken connection, without gap or duplicate (ORCH-4202)', async () => {
    const client = await start({
      [route]: inTurn(
        { status: 200, frames: FRAMES.slice(0, 2), then: 'break' },
        { status: 200, frames: FRAMES.slice(1, 4), then: 'end' },
        { status: 200, frames: FRAMES.slice(4) },
      ),
    });
    await expect(collect(client.stream(TASK_ID))).resolves.toEqual(FRAMES);
    expect(server.received.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2', '4']);
  });

  it('obeys a refusal that says when to come back (OC-CLI-2802)', async () => {
    const busy = refusal('QUOTA_EXCEEDED', 429, { retriable: true, retry_after_ms: 700, policy_label: 'reject' });
    const client = await start({ [route]: inTurn(busy, { status: 200, frames: FRAMES }) });
    await expect(collect(client.stream(TASK_ID))).resolves.toHaveLength(5);
    expect(waits).toEqual([700]);
  });

  it('gives up when nothing arrives over several connections (OC-CLI-2002)', async () => {
    const client = await start({ [route]: inTurn({ status: 200, frames: [], then: 'break' }) });
    const frames = collect(client.stream(TASK_ID, { maxReconnects: 2 }));
    await expect(frames).rejects.toBeInstanceOf(UnreachableError);
    expect(server.count(route)).toBe(3);
  });

  it('hands over the snapshot of a stream that is gone to whoever has not all of its text (ORCH-4203)', async () => {
    const client = await start({ [route]: inTurn(gone(ENDED)) });
    const error = collect(client.stream(TASK_ID, { after: 2 }));
    await expect(error).rejects.toMatchObject({ status: 410, problem: { snapshot: ENDED } });
    expect([server.count(route), waits]).toEqual([1, []]);
  });

  it.each([
    ['has read nothing', [], [{ t: 'old pond', i: 0 }]],
    [
      'has read a part',
      FRAMES.slice(0, 2),
      [
        { t: 'old ', i: 0 },
        { t: 'pond', i: 1 },
      ],
    ],
    ['has read all but the last frame', FRAMES.slice(0, 4), FRAMES.slice(1, 3).map(({ data }) => data)],
  ])(
    'tells text and ending of a stream whose frames are gone to a reader who %s (ORCH-4203)',
    async (_, read, told) => {
      const first = { status: 200, frames: read, then: 'break' } as const;
      const task = { ...TASK_VIEW, state: 'completed', finish_reason: 'stop', tokens_out: 2, decode_ms: 4 } as const;
      const client = await start({
        [route]: inTurn(...(read.length === 0 ? [] : [first]), gone(ENDED)),
        'GET /v1/tasks/{id}': inTurn({ status: 200, body: task }),
      });
      const frames = await collect(client.stream(TASK_ID));
      expect(frames.flatMap(({ event, data }) => (event === 'token' ? [data] : []))).toEqual(told);
      expect(frames.at(-1)).toEqual(FRAMES[4]);
      // No two requests without a pause between them.
      expect(waits).toHaveLength(server.received.length - 1);
    },
  );

  it('tells why a task failed whose frames are gone (ORCH-4203)', async () => {
    const error = { code: 'WORKER_RESET', message: 'the engine was lost', retriable: true } as const;
    const client = await start({
      [route]: inTurn(gone({ ...ENDED, state: 'failed', finish_reason: null, error })),
      'GET /v1/tasks/{id}': inTurn({ status: 200, body: { ...TASK_VIEW, state: 'failed', error } }),
    });
    const frames = await collect(client.stream(TASK_ID));
    expect(frames.map(({ event }) => event)).toEqual(['token', 'error']);
    expect(frames[1]).toEqual({ id: 5, event: 'error', data: error });
  });

  it('hands over the snapshot where the terminal frame held a result that nobody has any more (ORCH-4203)', async () => {
    const task = { ...TASK_VIEW, workload: 'embedding', state: 'completed', finish_reason: 'stop' };
    const client = await start({
      [route]: inTurn(gone({ ...ENDED, text: '', next_seq: 3 })),
      'GET /v1/tasks/{id}': inTurn({ status: 200, body: task }),
    });
    await expect(collect(client.stream(TASK_ID))).rejects.toMatchObject({ code: 'STREAM_GONE' });
    expect(server.count(route)).toBe(2);
  });

  it('gives up a running task whose frames are gone again and again, with longer and longer pauses (ORCH-4203)', async () => {
    const client = await start({ [route]: inTurn(gone(RUNNING)) });
    const frames = collect(client.stream(TASK_ID, { maxReconnects: 3 }));
    await expect(frames).rejects.toMatchObject({ code: 'STREAM_GONE' });
    expect([server.count(route), waits]).toEqual([4, [100, 200, 400]]);
  });

  it.each([
    { lost: 'nothing of what its reader has', text: 'old pond', again: [] },
    { lost: 'the last that its reader has', text: 'ol', again: [frame(3, 'token', { t: 'd pond', i: 1 })] },
  ])('goes on where its reader is when a restart lost $lost (ORCH-4202, ORCH-4210)', async ({ text, again }) => {
    const lost = gone({ ...RUNNING, text });
    const client = await start({
      [route]: inTurn({ status: 200, frames: FRAMES.slice(0, 2), then: 'break' }, lost, {
        status: 200,
        frames: [...again, ...FRAMES.slice(3)],
      }),
    });
    const frames = await collect(client.stream(TASK_ID));
    const told = frames.flatMap((one) => (one.event === 'token' ? [one.data.t] : []));
    expect([told.join(''), frames.at(-1)?.event]).toEqual(['old pond', 'end']);
    expect(server.received[2]).toMatchObject({ headers: { 'last-event-id': '2' } });
    expect(server.received[2]?.query.get('epoch')).toBe('9');
  });

  it.each([
    ['says something else', [frame(3, 'token', { t: 'ld frog', i: 1 }), frame(4, 'token', { t: '!', i: 2 })]],
    ['says something else after a while', [frame(3, 'token', { t: 'l', i: 1 }), frame(4, 'token', { t: 'ive', i: 2 })]],
    ['thinks first', [frame(3, 'token', { t: 'hm', i: 1, reasoning: true }), frame(4, 'token', { t: 'ld ', i: 2 })]],
    ['is over before', [frame(3, 'end', { tokens_out: 1, decode_ms: 1, finish_reason: 'stop' })]],
  ])(
    'never joins two answers: it throws when another run after a restart %s (ORCH-4202, ORCH-4210)',
    async (_, again) => {
      const client = await start({
        [route]: inTurn({ status: 200, frames: FRAMES.slice(0, 3), then: 'break' }, gone({ ...RUNNING, text: 'o' }), {
          status: 200,
          frames: [...again, FRAMES[4]!],
        }),
      });
      const told: StreamFrame[] = [];
      const reading = (async () => {
        for await (const one of client.stream(TASK_ID)) told.push(one);
      })();
      await expect(reading).rejects.toThrow(AnswerChangedError);
      await expect(reading).rejects.toThrow('the server restarted, and another run');
      expect(told).toEqual(FRAMES.slice(0, 3));
    },
  );

  it('lets an answer end that a restart cut off before what its reader has (ORCH-4210)', async () => {
    const error = frame(3, 'error', { code: 'WORKER_RESET', message: 'the engine was lost' });
    const client = await start({
      [route]: inTurn(
        { status: 200, frames: FRAMES.slice(0, 3), then: 'break' },
        gone({ ...RUNNING, state: 'failed', text: 'o', next_seq: 4 }),
        { status: 200, frames: [error] },
      ),
    });
    await expect(collect(client.stream(TASK_ID))).resolves.toEqual([...FRAMES.slice(0, 3), error]);
  });

  it('passes queued frames on when asked for them (ORCH-4205)', async () => {
    const queued = frame(0, 'queued', { position: 2, predicted_start_ms: 10, p90: 20 });
    const client = await start({ [route]: inTurn({ status: 200, frames: [queued, ...FRAMES] }) });
    const frames = await collect(client.stream(TASK_ID, { queued: true }));
    expect(frames[0]).toEqual(queued);
    expect(server.received[0]?.query.get('events')).toBe('queued');
  });

  it('stops when its signal is aborted (OC-CLI-2002)', async () => {
    const client = await start({ [route]: inTurn({ status: 200, frames: FRAMES.slice(0, 1), then: 'stay' }) });
    const stop = new AbortController();
    const reading = (async () => {
      for await (const _ of client.stream(TASK_ID, { signal: stop.signal })) stop.abort(new Error('enough'));
    })();
    await expect(reading).rejects.toThrow('enough');
  });
});

describe('Client.complete', () => {
  it('answers the whole text and the closing facts (OC-CLI-2002)', async () => {
    const client = await start({
      'POST /v1/tasks': inTurn({ status: 202, body: ACCEPTED }),
      'GET /v1/tasks/{id}/stream': inTurn({ status: 200, frames: FRAMES }),
    });
    await expect(client.complete(TASK)).resolves.toMatchObject({ text: 'old pond', end: { tokens_out: 2 } });
  });

  it('throws when the task ends with an error frame (OC-CLI-2801)', async () => {
    const failure = { code: 'WORKER_RESET', message: 'the engine was lost', retriable: true } as const;
    const client = await start({
      'POST /v1/tasks': inTurn({ status: 202, body: ACCEPTED }),
      'GET /v1/tasks/{id}/stream': inTurn({ status: 200, frames: [frame(1, 'error', failure)] }),
    });
    const error = await client.complete(TASK).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({ ...failure });
  });
});

describe('A client without a daemon', () => {
  it('says that there is no answer (HME-032)', async () => {
    const client = await start({});
    await server.close();
    await expect(client.capabilities()).rejects.toThrow(/no answer from http:.*ECONNREFUSED/);
  });
});
