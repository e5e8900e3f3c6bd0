import { HeldClock } from '../support/held-clock.js';
import { type TestApp, completion, mockPool, startTestApp } from '../support/start-app.js';

interface Answer {
  readonly task_id: string;
  readonly retry_after_ms: number;
  readonly detail: string;
}

const size = { max_tokens: 4, expected_tokens: 4 };
/** A task that stays until it is cancelled. */
const task = completion('[[mock:stall@1]] x', size);

/** A pool that knows its speed, with a full queue; answers its tasks in the order in which they run. */
async function startFull(): Promise<{ readonly app: TestApp; readonly clock: HeldClock; readonly tasks: string[] }> {
  const app = await startTestApp({ pools: [mockPool({ tokens: 4, token_ms: 60 }, { queue: { capacity: 4 } })] });
  for (let warm = 0; warm < 5; warm++) await app.frames((await app.submit(completion('x', size))).task_id);
  const clock = new HeldClock(app);
  const tasks: string[] = [];
  for (let count = 0; count < 5; count++) tasks.push((await app.submit(task)).task_id);
  return { app, clock, tasks };
}

describe('A caller who was told to come back', () => {
  it('finds its place, however many newcomers come in between (ORCH-4304, OC-CLI-2802)', async () => {
    const { app, clock, tasks } = await startFull();
    const newcomersFindNoPlace = async () => {
      for (let count = 0; count < 3; count++) expect((await app.post(task)).status).toBe(429);
    };
    const told = [];
    for (let call = 0; call < 6; call++) {
      const headers = { 'idempotency-key': `call-${call}` };
      const { status, body } = await app.post<Answer>(task, headers);
      expect(status).toBe(429);
      expect(body.detail).toContain('a place is kept for this task in');
      told.push({ headers, afterMs: body.retry_after_ms });
    }
    let waitedMs = 0;
    for (const { headers, afterMs } of told.toSorted((a, b) => a.afterMs - b.afterMs)) {
      await newcomersFindNoPlace();
      await app.cancel(tasks.shift()!);
      await newcomersFindNoPlace();
      clock.leap(afterMs - waitedMs);
      waitedMs = afterMs;
      await newcomersFindNoPlace();
      const { status, body } = await app.post<Answer>(task, headers);
      expect(status).toBe(202);
      tasks.push(body.task_id);
    }
  });

  it('is told of a kept place only when its call has a name (ORCH-4304)', async () => {
    const { app } = await startFull();
    const { body } = await app.post<Answer>(task);
    expect(body.detail).toContain('retry in');
    expect(body.detail).not.toContain('kept for this task');
  });

  it('hears the same time again when it asks too early, and loses nothing (ORCH-4304)', async () => {
    const { app, clock } = await startFull();
    const headers = { 'idempotency-key': 'impatient' };
    const first = await app.post<Answer>(task, headers);
    clock.leap(10);
    const again = await app.post<Answer>(task, headers);
    expect([first.status, again.status]).toEqual([429, 429]);
    expect(again.body.retry_after_ms).toBe(first.body.retry_after_ms - 10);
  });
});
