import { type TaskAccepted } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { exchange, head } from '../support/raw-http.js';
import { runnerPids } from '../support/runner-pids.js';
import { type Answer, completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';
import { expectProblem } from './contract.js';

const IDS = [
  '0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e4f',
  '0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e50',
  '0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e51',
  '0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e52',
  '0198f1d2-7c3a-7b21-8f3e-5a0d1c2b3e53',
];

let app: TestApp;
let used = 0;
beforeAll(async () => {
  app = await startTestApp();
});

/** Two ways to make a call repeatable: its task id, or a key beside it. */
const WAYS: readonly (readonly [
  name: string,
  call: () => (body: Record<string, unknown>) => Promise<Answer<TaskAccepted>>,
])[] = [
  [
    'task_id',
    () => {
      const task_id = IDS[used++ % IDS.length]!;
      return (body) => app.post({ task_id, ...body });
    },
  ],
  [
    'Idempotency-Key',
    () => {
      const headers = { 'idempotency-key': `key ${used++}` };
      return (body) => app.post(body, headers);
    },
  ],
];

describe.each(WAYS)('The same %s', (_name, newCall) => {
  it('and an equal body answers the recorded 202 and does nothing else (ORCH-4102, ORCH-4103)', async () => {
    const call = newCall();
    const enqueued = (await app.metric('tasks_enqueued_total')) ?? 0;
    const first = await call(completion('a frog', { seed: 1, params: { top_k: 3, top_p: 0.5 } }));
    expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([202, null]);
    await app.frames(first.body.task_id);
    const { prompt, ...rest } = completion('a frog', { params: { top_p: 0.5, top_k: 3 }, seed: 1 });
    for (const body of [completion('a frog', { seed: 1, params: { top_k: 3, top_p: 0.5 } }), { ...rest, prompt }]) {
      const again = await call(body);
      expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
      expect(again.body).toEqual(first.body);
      expect(again.headers.get('location')).toBe(first.headers.get('location'));
    }
    expect(await app.metric('tasks_enqueued_total')).toBe(enqueued + 1);
  });

  it('and another body is 422 (ORCH-4102, ORCH-4103)', async () => {
    const call = newCall();
    await call(completion('a frog'));
    expectProblem(await call(completion('a toad')), 422, 'IDEMPOTENCY_MISMATCH');
  });

  it('can be sent again after a refusal, which is not recorded (ORCH-4103, ORCH-4401)', async () => {
    const call = newCall();
    expectProblem(await call(completion('x', { max_tokens: 0 })), 400, 'INVALID_PARAMS');
    expectProblem(await call(completion('x', { model_ref: 'nobody' })), 404, 'NOT_FOUND');
    expect((await call(completion('x'))).status).toBe(202);
  });
});

describe('A repeated call', () => {
  it('finds a task id in whatever case it is written (ORCH-4102)', async () => {
    const task_id = 'ABCDEF00-7c3a-7b21-8f3e-5a0d1c2b3e4f';
    const first = await app.post<TaskAccepted>(completion('x', { task_id }));
    const again = await app.post<TaskAccepted>(completion('x', { task_id }));
    expect([again.body, again.headers.get('idempotency-replayed')]).toEqual([first.body, 'true']);
  });

  it('with a key and a task id is held to both (ORCH-4102, ORCH-4103)', async () => {
    const task_id = 'abcdef01-7c3a-7b21-8f3e-5a0d1c2b3e4f';
    await app.post(completion('x', { task_id }), { 'idempotency-key': 'both' });
    const byId = await app.post(completion('x', { task_id }));
    const byKey = await app.post(completion('x', { task_id }), { 'idempotency-key': 'both' });
    expect([byId, byKey].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual(['true', 'true']);
    expectProblem(
      await app.post(completion('y', { task_id }), { 'idempotency-key': 'another' }),
      422,
      'IDEMPOTENCY_MISMATCH',
    );
  });

  it('while the first one is still running is 409, retriable in a second (ORCH-4102)', async () => {
    // The prompt may not fit, so its tokens are counted by the engine's process: the first call has to wait for that.
    const slow = await startTestApp({ pools: [{ id: 'haiku', engine: 'embedded', model: 'haiku-nano' }] });
    const [runner] = runnerPids(slow, 'haiku').values();
    const body = JSON.stringify({
      task_id: IDS[0],
      workload: 'completion',
      model_ref: 'haiku-nano',
      priority: 'batch',
      prompt: 'frog '.repeat(300),
      max_tokens: 4,
    });
    const lines = [
      'POST /v1/tasks HTTP/1.1',
      'Host: localhost',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ];
    process.kill(runner!, 'SIGSTOP');
    const exchanged = exchange(slow.url, head(...lines) + body + head(...lines, 'Connection: close') + body);
    try {
      await eventually(() =>
        expect(slow.lines).toContainEqual(expect.objectContaining({ event: 'rejected', reason: 'CONFLICT' })),
      );
    } finally {
      process.kill(runner!, 'SIGCONT');
    }
    const received = await exchanged;
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 202', 'HTTP/1.1 409']);
    expect(received).toContain('"code":"CONFLICT"');
    expect(received).toMatch(/"retriable":true[^]*"retry_after_ms":1000/);
    expect(received).toMatch(/Retry-After: 1\r\n/i);
  });

  it('keeps its place when a full queue refuses it: the retry is admitted (ORCH-4103)', async () => {
    const full = await startTestApp({ pools: [mockPool({}, { queue: { capacity: 1 } })] });
    const holder = await full.submit(completion('[[mock:stall@0]]'));
    await full.submit(completion());
    const key = { 'idempotency-key': 'patient' };
    expectProblem(await full.post(completion('x'), key), 429, 'ADMISSION_REJECT');
    await full.cancel(holder.task_id);
    await full.untilIdle();
    const admitted = await full.post(completion('x'), key);
    expect([admitted.status, admitted.headers.get('idempotency-replayed')]).toEqual([202, null]);
  });
});
