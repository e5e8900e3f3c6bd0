import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StreamFrame } from '@llama-orch/client';
import { completion, startTestApp } from '../support/start-app.js';
import { textOf } from '../support/read-events.js';
import { expectProblemBody } from './contract.js';

const folder = mkdtempSync(join(tmpdir(), 'llama-orch-answers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('an answer that ended before a restart is told by the snapshot, once its frames are over (ORCH-4203, ORCH-4210)', async () => {
  const settings = { storage: { data_dir: folder } };
  const before = await startTestApp(settings);
  const { task_id } = await before.submit(completion('a frog', { max_tokens: 6 }));
  const frames: readonly StreamFrame[] = await before.frames(task_id);
  await before.app.endNow();
  const after = await startTestApp({ ...settings, stream: { ring_after_end_ms: 0 } });
  const { status, body } = await after.call<{ readonly snapshot: unknown }>(`/v1/tasks/${task_id}/stream?after=0`);
  expect(status).toBe(410);
  expectProblemBody(body, 410);
  expect(body.snapshot).toMatchObject({
    text: textOf(frames),
    next_seq: frames.length + 1,
    state: 'completed',
    finish_reason: frames.at(-1)?.data['finish_reason' as never],
  });
});
