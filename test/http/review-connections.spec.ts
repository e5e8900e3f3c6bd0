import { once } from 'node:events';
import { eventually } from '../support/eventually.js';
import { HeldClock } from '../support/held-clock.js';
import { head, openSocket, sendRaw } from '../support/raw-http.js';
import { completion, mockPool, startTestApp } from '../support/start-app.js';

const HOST = 'Host: localhost';

describe('A connection that breaks the protocol in the middle of a stream', () => {
  it('is closed without a word that could be read as a frame (OC-CTRL-2020)', async () => {
    const app = await startTestApp();
    const { task_id } = await app.submit(completion('[[mock:stall@3]]'));
    const socket = await openSocket(app.url);
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => (received += text));
    socket.write(head(`GET /v1/tasks/${task_id}/stream HTTP/1.1`, HOST));
    await eventually(() => expect(received).toContain('event: token'));
    socket.write('nonsense\r\n\r\n');
    await once(socket, 'close');
    expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect((await app.task(task_id)).state).toBe('streaming');
  });
});

describe('A request whose body is empty', () => {
  it('may name any media type: curl -d "" cancels a task (ORCH-2003)', async () => {
    const app = await startTestApp();
    const { task_id } = await app.submit(completion('[[mock:stall@0]]'));
    const answer = await sendRaw(
      app.url,
      head(
        `POST /v1/tasks/${task_id}/cancel HTTP/1.1`,
        HOST,
        'Content-Type: application/x-www-form-urlencoded',
        'Content-Length: 0',
        'Connection: close',
      ),
    );
    expect(answer.status).toBe(204);
    expect((await app.task(task_id)).state).toBe('cancelled');
  });
});

describe('A member with an endless name', () => {
  it('is refused without being sent back whole (ORCH-2006)', async () => {
    const app = await startTestApp();
    const answer = await app.post<{ message: string }>({ ...completion(), ['x'.repeat(1_000_000)]: 1 });
    expect(answer.status).toBe(400);
    expect(answer.body.message).toContain('is not a known member');
    expect(answer.text.length).toBeLessThan(2_000);
  });
});

describe('A pool that promises no exact answers', () => {
  it('says so in `started` and in capabilities, whatever its engine could do (ORCH-3045)', async () => {
    const app = await startTestApp({ pools: [mockPool({}, { determinism: 'best_effort' })] });
    const [started] = await app.frames((await app.submit(completion())).task_id);
    expect(started?.data).toMatchObject({ determinism: 'best_effort' });
    expect((await app.call('/v1/capabilities')).body).toMatchObject({
      engines: [{ features: { determinism: 'best_effort' } }],
    });
  });
});

describe('The end of the daemon', () => {
  it('waits a moment for readers that are behind, so that they get their terminal frame (ORCH-4808, ORCH-4201)', async () => {
    // More than the kernel holds for a reader that takes nothing.
    const tokens = 240_000;
    const app = await startTestApp({
      limits: { max_tokens: tokens },
      stream: { ring_bytes: 64 * 1024 * 1024, retained_bytes: 512 * 1024 * 1024 },
      pools: [mockPool({ tokens, batch_tokens: 2_000, context_tokens: 1_000_000 }, { ctx: 1_000_000 })],
    });
    const { task_id } = await app.submit(completion('a frog', { max_tokens: tokens }));
    await eventually(async () => expect((await app.task(task_id)).state).toBe('completed'));
    const path = `/v1/tasks/${task_id}/stream`;
    const reader = await openSocket(app.url);
    reader
      .pause()
      .setEncoding('utf8')
      .write(head(`GET ${path} HTTP/1.1`, HOST, 'Connection: close'));
    await eventually(async () => expect(await app.metric('llama_orch_streams_active')).toBe(1));
    // However slow this reader is, the moment is not over yet.
    new HeldClock(app);
    const closing = app.close();
    let received = '';
    for await (const text of reader) received += String(text);
    await closing;
    expect(received).toMatch(/event: end\ndata: .*\n\n\r\n0\r\n\r\n$/);
  });
});

describe('News of the queue', () => {
  it('never follows `started`, also when a lost engine sends the task back into the queue (ORCH-4205, ORCH-4201)', async () => {
    const backoff = { initial_ms: 60_000, max_ms: 60_000, jitter: 0 };
    const app = await startTestApp({ pools: [mockPool({}, { backoff })] });
    const clock = new HeldClock(app);
    clock.goOn();
    const { task_id } = await app.submit(completion('[[mock:die@0x1]]', { max_tokens: 2 }));
    await eventually(async () =>
      expect(await app.task(task_id)).toMatchObject({ state: 'queued', started_ms: expect.any(Number) }),
    );
    const reader = await app.follow(task_id, { query: 'events=queued' });
    await reader.until('started');
    clock.leap(60_000);
    await reader.rest();
    expect([...reader.text.matchAll(/^event: (\w+)$/gm)].map(([, event]) => event)).toEqual([
      'started',
      'token',
      'token',
      'metrics',
      'end',
    ]);
  });
});
