import { type TaskAccepted } from '@llama-orch/client';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { head, openSocket } from '../support/raw-http.js';
import { Events, terminalOf } from '../support/read-events.js';
import { completion, mockPool, startTestApp } from '../support/start-app.js';
import { expectProblemBody } from './contract.js';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function post(url: string, body: unknown): Promise<Answer> {
  const response = await fetch(`${url}/v1/tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function submit(url: string, body: unknown): Promise<TaskAccepted> {
  const answer = await eventually(async () => {
    const got = await post(url, body);
    expect(got.status).toBe(202);
    return got;
  });
  return answer.body as unknown as TaskAccepted;
}

async function follow(url: string, body: unknown): Promise<Events> {
  const { stream } = await submit(url, body);
  return Events.open(url + stream);
}

function config(shutdown_ms: number, pool: object = {}): object {
  return { server: { shutdown_ms }, pools: [mockPool({}, { ...pool })] };
}

describe('SIGTERM', () => {
  it('lets running and waiting tasks finish, refuses new ones, and exits with 0 (ORCH-4808, ORCH-4108)', async () => {
    const daemon = await Daemon.start(config(20_000));
    const running = await follow(daemon.url, completion('[[mock:token_ms=40]]', { max_tokens: 15 }));
    const waiting = await follow(daemon.url, completion('x', { max_tokens: 3 }));
    await running.until('token');
    daemon.signal('SIGTERM');
    const asked = performance.now();
    await eventually(async () => expect((await fetch(`${daemon.url}/readyz`)).status).toBe(503));
    expect(performance.now() - asked).toBeLessThan(250);
    expect((await fetch(`${daemon.url}/livez`)).status).toBe(200);
    const refused = await post(daemon.url, completion());
    expectProblemBody(refused.body, 503);
    expect(refused.body).toMatchObject({ code: 'POOL_UNREADY', retriable: true, retry_after_ms: expect.any(Number) });
    expect(terminalOf(await running.rest()).data).toMatchObject({ tokens_out: 15, finish_reason: 'length' });
    expect(terminalOf(await waiting.rest()).data).toMatchObject({ tokens_out: 3 });
    expect(await daemon.exit()).toBe(0);
  });

  it('ends what is left after shutdown_ms with its terminal frame, and exits with 0 (ORCH-4808, ORCH-4201)', async () => {
    const daemon = await Daemon.start(config(200));
    const running = await follow(daemon.url, completion('[[mock:stall@2]]'));
    const waiting = await follow(daemon.url, completion());
    await running.until('token');
    daemon.signal('SIGTERM');
    for (const stream of [running, waiting]) {
      expect(terminalOf(await stream.rest()).data).toMatchObject({
        code: 'POOL_UNAVAILABLE',
        retriable: true,
        pool_id: 'mock',
      });
      expect(stream.complete).toBe(true);
    }
    expect(await daemon.exit()).toBe(0);
  });

  it('sent twice ends everything within two seconds, with terminal frames (ORCH-4808)', async () => {
    const daemon = await Daemon.start(config(60_000));
    const stream = await follow(daemon.url, completion('[[mock:stall@2]]'));
    await stream.until('token');
    daemon.signal('SIGTERM');
    await eventually(async () => expect((await fetch(`${daemon.url}/readyz`)).status).toBe(503));
    const asked = performance.now();
    daemon.signal('SIGTERM');
    expect(terminalOf(await stream.rest()).event).toBe('error');
    await daemon.exit();
    expect(performance.now() - asked).toBeLessThan(2_000);
  });

  it('ends the process of the embedded engine too, in the middle of its work (ORCH-4808, ORCH-4801)', async () => {
    const daemon = await Daemon.start({ server: { shutdown_ms: 0 } });
    const body = {
      workload: 'completion',
      model_ref: 'haiku-nano',
      priority: 'interactive',
      prompt: 'a frog',
      max_tokens: 480,
    };
    const stream = await follow(daemon.url, body);
    await stream.until('token');
    daemon.signal('SIGINT');
    expect(terminalOf(await stream.rest()).event).toBe('error');
    expect(await daemon.exit()).toBe(0);
  });
});

describe('The end of a daemon', () => {
  it('is not held up by a request that was never finished (ORCH-4808)', async () => {
    const app = await startTestApp();
    const socket = await openSocket(app.url);
    socket.on('error', () => undefined);
    socket.write(
      'POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    );
    const half = await openSocket(app.url);
    half.on('error', () => undefined);
    half.write('GET /livez HTTP/1.1\r\nHo');
    await app.call('/livez');
    const asked = performance.now();
    await app.app.shutDown(0);
    expect(performance.now() - asked).toBeLessThan(2_000);
  });

  it('is not held up by a reader that takes nothing (ORCH-4808)', async () => {
    const context = { ctx: 1_000_000 };
    const app = await startTestApp({
      limits: { max_tokens: 200_000 },
      stream: { ring_bytes: 64 * 1024 * 1024, reader_buffer_bytes: 64 * 1024 * 1024 },
      pools: [mockPool({ tokens: 200_000, batch_tokens: 1_000, context_tokens: 1_000_000 }, context)],
    });
    const { task_id } = await app.submit(completion('x', { max_tokens: 200_000 }));
    const deaf = await openSocket(app.url);
    deaf.on('error', () => undefined);
    deaf.pause();
    deaf.write(head(`GET /v1/tasks/${task_id}/stream HTTP/1.1`, 'Host: localhost'));
    await eventually(async () => expect((await app.task(task_id)).state).toBe('completed'));
    const asked = performance.now();
    await app.app.shutDown(0);
    expect(performance.now() - asked).toBeLessThan(2_000);
    deaf.destroy();
  });

  it('can be asked for twice (ORCH-4808)', async () => {
    const app = await startTestApp();
    await Promise.all([app.app.shutDown(0), app.app.shutDown(0), app.app.endNow()]);
    await expect(app.call('/livez')).rejects.toThrow();
  });
});
