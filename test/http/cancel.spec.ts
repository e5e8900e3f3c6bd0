import { type StreamFrame } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { terminalOf } from '../support/read-events.js';
import { completion, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

const STALLS = '[[mock:stall@3]]';
/** Writes for a while, and never comes to an end by itself. */
const ENDLESS = '[[mock:tokens=400]][[mock:token_ms=1]][[mock:stall@400]]';

let app: TestApp;
beforeAll(async () => {
  // A reader who leaves is not found out by something that cannot be written to it.
  app = await startTestApp({ stream: { keepalive_ms: 3_600_000, metrics_ms: 3_600_000 } });
});
afterEach(() => app.untilIdle());

function isEnd(frame: StreamFrame | undefined): boolean {
  return frame?.event === 'end' && frame.data.finish_reason === 'cancelled';
}

describe('POST /v1/tasks/{id}/cancel', () => {
  it('ends a running task: its last frame stands before the 204, and nothing follows (ORCH-2003, ORCH-3017, ORCH-3026, OC-CTRL-2012)', async () => {
    const { task_id } = await app.submit(completion(STALLS));
    const stream = await app.follow(task_id);
    for (let count = 0; count < 3; count++) await stream.until('token');
    const answer = await app.cancel(task_id);
    expect([answer.status, answer.text]).toEqual([204, '']);
    const log = await app.frames(task_id);
    expect(log.map(({ event }) => event)).toEqual(['started', 'token', 'token', 'token', 'end']);
    expect(terminalOf(log).data).toMatchObject({ finish_reason: 'cancelled', tokens_out: 3 });
    expect(await stream.rest()).toEqual(log);
    expect(await app.task(task_id)).toMatchObject({ state: 'cancelled', finish_reason: 'cancelled', tokens_out: 3 });
  });

  it('ends a task at any moment of its decoding without a token after the 204 (ORCH-3026, OC-CTRL-2012)', async () => {
    for (let round = 0; round < 30; round++) {
      const { task_id } = await app.submit(completion(ENDLESS, { max_tokens: 400 }));
      const stream = await app.follow(task_id);
      for (let count = 0; count < round % 7; count++) await stream.next();
      await app.cancel(task_id);
      const known = (await app.task(task_id)).tokens_out;
      const frames = await stream.rest();
      expect(isEnd(frames.at(-1))).toBe(true);
      expect(frames.filter(({ event }) => event === 'token').length).toBe(known);
      expect(await app.frames(task_id)).toEqual(frames);
    }
  });

  it('takes a waiting task out of the queue; it never starts (ORCH-2003, OC-CORE-1005)', async () => {
    const holder = await app.submit(completion(STALLS));
    const waiting = await app.submit(completion());
    const behind = await app.submit(completion());
    const stream = await app.follow(waiting.task_id);
    expect((await app.cancel(waiting.task_id)).status).toBe(204);
    expect(await stream.rest()).toEqual([
      { id: 1, event: 'end', data: { tokens_out: 0, decode_ms: 0, finish_reason: 'cancelled' } },
    ]);
    expect(await app.task(behind.task_id)).toMatchObject({ queue_position: 0 });
    await app.cancel(holder.task_id);
    expect(terminalOf(await app.frames(behind.task_id)).event).toBe('end');
    expect(await app.task(waiting.task_id)).toMatchObject({ state: 'cancelled', started_ms: null });
  });

  it('gives the slot to the next task (ORCH-3017)', async () => {
    const holder = await app.submit(completion(STALLS));
    const next = await app.submit(completion('next', { max_tokens: 4 }));
    await app.cancel(holder.task_id);
    expect(terminalOf(await app.frames(next.task_id)).data).toMatchObject({ tokens_out: 4, finish_reason: 'length' });
  });

  it('answers 204 again on a task that has ended, and changes nothing (ORCH-2003)', async () => {
    const cancelled = await app.submit(completion(STALLS));
    const completed = await app.submit(completion('x', { max_tokens: 2 }));
    await app.cancel(cancelled.task_id);
    await app.frames(completed.task_id);
    for (const { task_id } of [cancelled, completed]) {
      const before = await app.frames(task_id);
      expect([(await app.cancel(task_id)).status, (await app.cancel(task_id)).status]).toEqual([204, 204]);
      expect(await app.frames(task_id)).toEqual(before);
    }
  });

  it('is 404 for a task that is not there (ORCH-2003)', async () => {
    expectProblem(await app.cancel('0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f'), 404, 'NOT_FOUND');
  });

  it('replays with an Idempotency-Key, and refuses the key for another task (ORCH-4103)', async () => {
    const [one, two] = [await app.submit(completion(STALLS)), await app.submit(completion())];
    const key = { 'idempotency-key': 'cancel-1' };
    const first = await app.cancel(one.task_id, key);
    expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([204, null]);
    const again = await app.cancel(one.task_id.toUpperCase(), key);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([204, 'true']);
    expectProblem(await app.cancel(two.task_id, key), 422, 'IDEMPOTENCY_MISMATCH');
  });

  it('and completion race to exactly one terminal frame (OC-CTRL-2012, ORCH-4201)', async () => {
    const reasons = new Set<string>();
    for (let round = 0; round < 60; round++) {
      // Every sixth answer has no end: however slow the machine is, the cancel comes first.
      const isEndless = round % 6 === 5;
      const prompt = isEndless ? ENDLESS : '[[mock:first_token_ms=1]]';
      const { task_id } = await app.submit(completion(prompt, { max_tokens: isEndless ? 400 : 1 + (round % 5) }));
      const stream = await app.follow(task_id);
      if (round % 3 === 0) await stream.next();
      await Promise.all([app.cancel(task_id), app.cancel(task_id)]);
      const { event, data } = terminalOf(await stream.rest());
      expect(event).toBe('end');
      if ('finish_reason' in data) reasons.add(data.finish_reason ?? '');
      expect(await app.frames(task_id)).toEqual(stream.all);
    }
    expect([...reasons]).toEqual(expect.arrayContaining(['cancelled']));
  });

  it('counts what it ended, by its reason (ORCH-3028, OC-CORE-1041)', async () => {
    const before = (await app.metric('tasks_canceled_total', { reason: 'client' })) ?? 0;
    const { task_id } = await app.submit(completion(STALLS));
    await app.cancel(task_id);
    await app.cancel(task_id);
    expect(await app.metric('tasks_canceled_total', { reason: 'client', replica_id: 'mock-0' })).toBeGreaterThanOrEqual(
      1,
    );
    expect(await app.metric('tasks_canceled_total', { reason: 'client' })).toBe(before + 1);
  });
});

describe('A reader that leaves', () => {
  const untilState = (id: string, state: string) =>
    eventually(async () => expect((await app.task(id)).state).toBe(state));

  it('cancels a task that asked for it, once the last one is gone (ORCH-4207)', async () => {
    const { task_id } = await app.submit(completion(STALLS, { on_disconnect: 'cancel' }));
    const [first, second] = [await app.follow(task_id), await app.follow(task_id)];
    for (let count = 0; count < 3; count++) await second.until('token');
    first.close();
    await eventually(async () => expect(await app.metric('llama_orch_streams_active')).toBe(1));
    expect(await app.task(task_id)).toMatchObject({ state: 'streaming' });
    second.close();
    await untilState(task_id, 'cancelled');
    expect(isEnd((await app.frames(task_id)).at(-1))).toBe(true);
    expect(await app.metric('tasks_canceled_total', { reason: 'disconnect' })).toBeGreaterThanOrEqual(1);
  });

  it('cancels a waiting task that asked for it (ORCH-4207)', async () => {
    const holder = await app.submit(completion(STALLS));
    const { task_id } = await app.submit(completion('x', { on_disconnect: 'cancel' }));
    (await app.follow(task_id)).close();
    await untilState(task_id, 'cancelled');
    await app.cancel(holder.task_id);
  });

  it('changes nothing for other tasks (ORCH-4207)', async () => {
    const { task_id } = await app.submit(completion('[[mock:token_ms=5]]', { max_tokens: 12 }));
    const stream = await app.follow(task_id);
    await stream.until('token');
    stream.close();
    expect(terminalOf(await app.frames(task_id)).data).toMatchObject({ tokens_out: 12, finish_reason: 'length' });
  });

  it('never was there: a task that asked for a cancel runs unread (ORCH-4207)', async () => {
    const { task_id } = await app.submit(completion('x', { on_disconnect: 'cancel', max_tokens: 3 }));
    await untilState(task_id, 'completed');
  });
});
