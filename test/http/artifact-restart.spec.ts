import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Artifact, type ArtifactCreated, type Task } from '@llama-orch/client';
import { eventually } from '../support/eventually.js';
import { completion, startTestApp, type TestApp } from '../support/start-app.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llama-orch-artifacts-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = (transcripts: boolean) => startTestApp({ storage: { data_dir: folder }, artifacts: { transcripts } });
const taskOf = async (app: TestApp, id: string) => (await app.call<Task>(`/v1/tasks/${id}`)).body;

describe('After a restart', () => {
  it('artifacts are there as they were, and repeated calls are answered as before (ORCH-4602, ORCH-4103)', async () => {
    const body = { kind: 'plan', content: { survives: true }, tags: ['keep'] };
    const call = { method: 'POST', body, headers: { 'idempotency-key': 'before' } };
    const before = await start(false);
    const { id } = (await before.call<ArtifactCreated>('/v1/artifacts', call)).body;
    await before.app.endNow();
    const after = await start(false);
    expect((await after.call<Artifact>(`/v1/artifacts/${id}`)).body).toMatchObject({ id, ...body });
    const again = await after.call<ArtifactCreated>('/v1/artifacts', call);
    expect([again.body.id, again.headers.get('idempotency-replayed')]).toEqual([id, 'true']);
    await after.app.endNow();
  });

  it('tasks whose transcripts were not written in time get them (ORCH-4210)', async () => {
    const before = await start(false);
    const { task_id } = await before.submit(completion());
    const frames = await before.frames(task_id);
    expect((await taskOf(before, task_id)).transcript).toBeNull();
    await before.app.endNow();
    const after = await start(true);
    const id = await eventually(async () => {
      const { transcript } = await taskOf(after, task_id);
      expect(transcript).not.toBeNull();
      return transcript;
    });
    const { content } = (await after.call<Artifact>(`/v1/artifacts/${id}`)).body;
    expect(content).toEqual({ events: frames.map(({ event, data }) => ({ type: event, data })) });
    await after.app.endNow();
    const last = await start(true);
    expect((await taskOf(last, task_id)).transcript).toBe(id);
    await last.app.endNow();
  });
});
