import { once } from 'node:events';
import { type Socket } from 'node:net';
import { eventually } from '../support/eventually.js';
import { exchange, head, openSocket } from '../support/raw-http.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';

/** More than the kernel holds for a reader that takes nothing. */
const TOKENS = 240_000;

let app: TestApp;
beforeAll(async () => {
  const context = { ctx: 1_000_000 };
  app = await startTestApp({
    limits: { max_tokens: TOKENS },
    stream: { ring_bytes: 64 * 1024 * 1024, retained_bytes: 512 * 1024 * 1024 },
    pools: [
      mockPool({ tokens: TOKENS, batch_tokens: 1_000, token_ms: 1, context_tokens: 1_000_000 }, context),
      mockPool(
        { tokens: TOKENS, batch_tokens: 1_000, token_ms: 5, context_tokens: 1_000_000 },
        { ...context, id: 'steady', model: 'steady' },
      ),
    ],
  });
});

function flood(): object {
  return completion('a frog', { max_tokens: TOKENS });
}

async function disconnects(reason: string): Promise<number> {
  return (await app.metric('llama_orch_reader_disconnects_total', { reason })) ?? 0;
}

/** Asks for a stream and takes nothing of the answer. */
async function openDeaf(taskId: string): Promise<Socket> {
  const socket = await openSocket(app.url);
  socket.pause();
  socket.write(head(`GET /v1/tasks/${taskId}/stream HTTP/1.1`, 'Host: localhost'));
  socket.on('error', () => undefined);
  return socket;
}

describe('A reader that takes nothing', () => {
  it('is cut, while the engine and the other readers go on, and may resume (ORCH-4206, ORCH-4202)', async () => {
    const before = await disconnects('slow');
    const holder = await app.submit(completion('[[mock:stall@0]]'));
    const { task_id } = await app.submit(flood());
    const [reader, deaf] = [await app.follow(task_id), await openDeaf(task_id)];
    await eventually(async () => expect(await app.metric('llama_orch_streams_active')).toBe(2));
    await app.cancel(holder.task_id);
    const frames = await reader.rest();
    expect(reader.complete).toBe(true);
    expect(frames.filter(({ event }) => event === 'token').length).toBe(TOKENS);
    expect(await disconnects('slow')).toBe(before + 1);

    let got = '';
    deaf.setEncoding('utf8').on('data', (text: string) => (got += text));
    deaf.resume();
    await once(deaf, 'close');
    const last = [...got.matchAll(/^id: (\d+)\nevent: \w+\ndata: .*\n\n/gm)].at(-1);
    expect(Number(last?.[1])).toBeGreaterThan(0);
    const rest = await app.frames(task_id, { headers: { 'last-event-id': last![1]! } });
    expect(rest[0]?.id).toBe(Number(last![1]) + 1);
    expect(rest.at(-1)).toEqual(frames.at(-1));
  });
});

describe('A reader that comes late to a long log', () => {
  it('is not taken for a slow one while it catches up with the engine (ORCH-4206, ORCH-4202)', async () => {
    const before = await disconnects('slow');
    // The reader shares a process with the engine, which leaves it time to read.
    const { task_id } = await app.submit({ ...flood(), model_ref: 'steady' });
    await eventually(async () => expect((await app.task(task_id)).tokens_out).toBeGreaterThan(TOKENS / 2));
    const bytes = await exchange(
      app.url,
      head(`GET /v1/tasks/${task_id}/stream HTTP/1.1`, 'Host: localhost', 'Connection: close'),
    );
    expect(await disconnects('slow')).toBe(before);
    expect(bytes).toMatch(/event: end\ndata: .*\n\n\r\n0\r\n\r\n$/);
  });
});

describe('Many readers', () => {
  it('of one task all get every frame (ORCH-4206)', async () => {
    const { task_id } = await app.submit(completion('x', { max_tokens: 3_000 }));
    const readers = await Promise.all(Array.from({ length: 50 }, () => app.follow(task_id)));
    const counts = await Promise.all(readers.map(async (reader) => (await reader.rest()).length));
    expect(new Set(counts)).toEqual(new Set([3_000 + 3]));
  });

  it('that come and go leave no stream behind (ORCH-4206)', async () => {
    const { task_id } = await app.submit(completion('[[mock:stall@1]]', { max_tokens: 5_000 }));
    const readers = await Promise.all(Array.from({ length: 30 }, () => app.follow(task_id)));
    await eventually(async () => expect(await app.metric('llama_orch_streams_active')).toBe(30));
    for (const reader of readers) reader.close();
    await eventually(async () => expect(await app.metric('llama_orch_streams_active')).toBe(0));
    await app.cancel(task_id);
  });
});
