import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Artifact, type ArtifactRecordList, type Task } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';

interface Trace {
  readonly events: readonly { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[];
}

const taskOf = async (app: TestApp, id: string) => (await app.call<Task>(`/v1/tasks/${id}`)).body;

async function transcriptOf(app: TestApp, taskId: string): Promise<Artifact> {
  const id = await eventually(async () => {
    const { transcript } = await taskOf(app, taskId);
    expect(transcript).not.toBeNull();
    return transcript!;
  });
  return (await app.call<Artifact>(`/v1/artifacts/${id}`)).body;
}

describe('The transcript of a task', () => {
  let app: TestApp;
  beforeAll(async () => {
    const redaction = { patterns: ['pond water'] };
    app = await startTestApp({ redaction, stream: { ring_bytes: 4096 }, pools: [mockPool()] });
  });

  it('holds its frames as they were sent, and is found by its tags (ORCH-4210, HME-022)', async () => {
    const session_id = randomUUID();
    const { task_id } = await app.submit(completion('a secret question', { session_id }));
    const frames = await app.frames(task_id);
    const artifact = await transcriptOf(app, task_id);
    const { events } = artifact.content as unknown as Trace;
    expect(events).toEqual(frames.map(({ event, data }) => ({ type: event, data })));
    expect(JSON.stringify(artifact)).not.toContain('secret question');
    expect(artifact).toMatchObject({ kind: 'trace', redacted: false });
    expect(artifact.metadata).toMatchObject({ engine: 'mock', pool_id: 'mock', replica_id: 'mock-0' });
    const { items } = (await app.call<ArtifactRecordList>(`/v1/artifacts?tag=task:${task_id}&tag=sse`)).body;
    expect(items.map(({ id, tags }) => [id, tags])).toEqual([
      [artifact.id, ['sse', 'stream', `task:${task_id}`, `session:${session_id}`]],
    ]);
  });

  it('is whole though the memory holds the end of it alone (ORCH-4210)', async () => {
    const { task_id } = await app.submit(
      completion('[[mock:tokens=400]][[mock:token_ms=1]] long', { max_tokens: 400 }),
    );
    const artifact = await transcriptOf(app, task_id);
    const { events } = artifact.content as unknown as Trace;
    expect(events.filter(({ type }) => type === 'token').length).toBe(400);
    expect(events[0]?.type).toBe('started');
    expect(events.at(-1)?.type).toBe('end');
    expect(artifact.metadata).not.toHaveProperty('truncated');
  });

  it('is there for tasks that were cancelled, too (ORCH-4210)', async () => {
    const { task_id } = await app.submit(completion('[[mock:stall@1]] x'));
    await (await app.follow(task_id)).until('token');
    await app.call(`/v1/tasks/${task_id}/cancel`, { method: 'POST' });
    const { events } = (await transcriptOf(app, task_id)).content as unknown as Trace;
    expect(events.at(-1)).toMatchObject({ type: 'end', data: { finish_reason: 'cancelled' } });
  });

  it('is not kept where that is switched off (ORCH-4210)', async () => {
    const data_dir = mkdtempSync(join(tmpdir(), 'llama-orch-data-'));
    try {
      const silent = { artifacts: { transcripts: false }, storage: { data_dir } };
      const before = await startTestApp(silent);
      const { task_id } = await before.submit(completion());
      await before.frames(task_id);
      // The end of the daemon waits for all that was to be kept.
      await before.close();
      const after = await startTestApp(silent);
      expect(await taskOf(after, task_id)).toMatchObject({ state: 'completed', transcript: null });
      expect((await after.call<ArtifactRecordList>('/v1/artifacts')).body.items).toEqual([]);
      await after.close();
    } finally {
      rmSync(data_dir, { recursive: true, force: true });
    }
  });
});
