import { Client, type StreamFrame } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { textOf } from '../support/read-events.js';
import { completion, startTestApp, type TestApp } from '../support/start-app.js';

const URGENT = { stream: { ring_after_end_ms: 0 } };

/** Settles once the frames of an ended task are gone. */
async function untilGone(app: TestApp, taskId: string): Promise<void> {
  await eventually(async () => expect((await app.call(`/v1/tasks/${taskId}/stream`)).status).toBe(410));
}

/** All frames of a task, by a reader that was there before they came: afterwards they are gone at once. */
async function liveFrames(app: TestApp, body: object): Promise<{ task_id: string; live: readonly StreamFrame[] }> {
  const holder = await app.submit(completion('[[mock:stall@0]]'));
  const { task_id } = await app.submit(body);
  const reader = await app.follow(task_id);
  await app.cancel(holder.task_id);
  return { task_id, live: await reader.rest() };
}

async function follow(app: TestApp, taskId: string): Promise<{ frames: StreamFrame[]; requests: number }> {
  let requests = 0;
  const counting: typeof fetch = (...call) => (requests++, fetch(...call));
  const client = new Client({ url: app.url, fetch: counting });
  const frames: StreamFrame[] = [];
  for await (const frame of client.stream(taskId)) frames.push(frame);
  return { frames, requests };
}

describe('A reader who comes once the frames of a task are gone', () => {
  it('gets the whole text and how it ended, with three requests (ORCH-4203)', async () => {
    const app = await startTestApp(URGENT);
    const { task_id, live } = await liveFrames(app, completion('a frog', { max_tokens: 4 }));
    await untilGone(app, task_id);
    const { frames, requests } = await follow(app, task_id);
    expect(frames.map(({ event }) => event)).toEqual(['token', 'end']);
    expect(frames[0]?.data).toEqual({ t: textOf(live), i: 0 });
    const { usage: _usage, ...end } = live.at(-1)?.data as { readonly usage: unknown };
    expect(frames[1]).toEqual({ id: live.at(-1)?.id, event: 'end', data: end });
    expect(requests).toBe(3);
  });

  it('is told why it failed (ORCH-4203)', async () => {
    const app = await startTestApp(URGENT);
    const { task_id, live } = await liveFrames(app, completion('[[mock:reset@2]] a frog'));
    await untilGone(app, task_id);
    const { frames } = await follow(app, task_id);
    expect(frames.map(({ event }) => event)).toEqual(['token', 'error']);
    expect(frames[0]?.data).toEqual({ t: textOf(live), i: 0 });
    expect(frames[1]?.data).toEqual(live.at(-1)?.data);
  });
});
