import { execFileSync } from 'node:child_process';
import { type TaskAccepted } from '@llama-orch/client';
import { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { isAlive } from '../support/fake-engine-binary/fake-engine-binary.js';
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

/** Longer than the daemon waits for callers who take or finish nothing, far below what else would end their connections. */
const SOON_MS = 20_000;

/** Process ids of the engines of a daemon. */
function enginesOf(daemon: Daemon): readonly number[] {
  const list = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(daemon.pid)], { encoding: 'utf8' });
  const lines = list.split('\n').filter((line) => line.includes('engine-embedded'));
  return lines.map((line) => Number.parseInt(line, 10));
}

function config(shutdown_ms: number, pool: object = {}): object {
  return { server: { shutdown_ms }, pools: [mockPool({}, { ...pool })] };
}

describe('SIGTERM', () => {
  it('lets running and waiting tasks finish, refuses new ones, and exits with 0 (ORCH-4808, ORCH-4108)', async () => {
    const daemon = await Daemon.start(config(600_000));
    // It ends when its caller wants it to.
    const holder = await submit(daemon.url, completion('[[mock:stall@1]]'));
    const running = await follow(daemon.url, completion('[[mock:token_ms=5]]', { max_tokens: 15 }));
    const waiting = await follow(daemon.url, completion('x', { max_tokens: 3 }));
    daemon.signal('SIGTERM');
    await eventually(async () => expect((await fetch(`${daemon.url}/readyz`)).status).toBe(503));
    expect((await fetch(`${daemon.url}/livez`)).status).toBe(200);
    const refused = await post(daemon.url, completion());
    expectProblemBody(refused.body, 503);
    expect(refused.body).toMatchObject({ code: 'POOL_UNREADY', retriable: true, retry_after_ms: expect.any(Number) });
    expect((await fetch(`${daemon.url}/v1/tasks/${holder.task_id}/cancel`, { method: 'POST' })).status).toBe(204);
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

  it('sent twice ends everything at once, with terminal frames (ORCH-4808)', async () => {
    const daemon = await Daemon.start(config(3_600_000));
    const stream = await follow(daemon.url, completion('[[mock:stall@2]]'));
    await stream.until('token');
    daemon.signal('SIGTERM');
    await eventually(async () => expect((await fetch(`${daemon.url}/readyz`)).status).toBe(503));
    daemon.signal('SIGTERM');
    expect(terminalOf(await stream.rest()).event).toBe('error');
    await daemon.exit();
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
    await (await follow(daemon.url, { ...body, max_tokens: 1 })).rest();
    const engines = enginesOf(daemon);
    expect(engines.length).toBe(1);
    // More than it can be through with once it goes on.
    process.kill(engines[0]!, 'SIGSTOP');
    const streams = await Promise.all(Array.from({ length: 12 }, () => follow(daemon.url, body)));
    process.kill(engines[0]!, 'SIGCONT');
    await Promise.race(streams.map((stream) => stream.until('token')));
    daemon.signal('SIGINT');
    const ends = await Promise.all(streams.map(async (stream) => terminalOf(await stream.rest()).event));
    expect(ends).toContain('error');
    expect(await daemon.exit()).toBe(0);
    await eventually(() => expect(engines.filter(isAlive)).toEqual([]));
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
    expect(performance.now() - asked).toBeLessThan(SOON_MS);
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
    // Nothing else would ever end it.
    await app.app.shutDown(0);
    deaf.destroy();
  });

  it('can be asked for twice (ORCH-4808)', async () => {
    const app = await startTestApp();
    await Promise.all([app.app.shutDown(0), app.app.shutDown(0), app.app.endNow()]);
    await expect(app.call('/livez')).rejects.toThrow();
  });
});
