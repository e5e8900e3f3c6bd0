import { type TestApp, completion, mockPool, startTestApp } from '../support/start-app.js';

interface Refusal {
  readonly retry_after_ms: number;
  readonly detail: string;
}

const task = completion('x', { max_tokens: 4, expected_tokens: 4 });
const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A pool that knows its speed, with a full queue: it stays full for a quarter of a second after each task. */
async function startFull(): Promise<TestApp> {
  const app = await startTestApp({ pools: [mockPool({ tokens: 4, token_ms: 60 }, { queue: { capacity: 4 } })] });
  for (let warm = 0; warm < 5; warm++) await app.frames((await app.submit(task)).task_id);
  for (let count = 0; count < 5; count++) await app.submit(task);
  return app;
}

describe('A caller who was told to come back', () => {
  it('finds its place, however many newcomers come in between (ORCH-4304, OC-CLI-2802)', async () => {
    const app = await startFull();
    const named = Array.from({ length: 6 }, (_, at) => ({ 'idempotency-key': `call-${at}` }));
    const refusals = await Promise.all(named.map((headers) => app.post<Refusal>(task, headers)));
    expect(refusals.map(({ status }) => status)).toEqual(named.map(() => 429));
    expect(refusals[0]!.body.detail).toContain('a place is kept for this task in');
    let crowd = true;
    const newcomers = (async () => {
      for (; crowd; await after(3)) await app.post(task);
    })();
    const statuses = await Promise.all(
      named.map(async (headers, at) => {
        await after(refusals[at]!.body.retry_after_ms);
        return (await app.post(task, headers)).status;
      }),
    );
    crowd = false;
    await newcomers;
    expect(statuses.filter((status) => status === 202).length).toBeGreaterThanOrEqual(5);
  });

  it('is told of a kept place only when its call has a name (ORCH-4304)', async () => {
    const app = await startFull();
    const { body } = await app.post<Refusal>(task);
    expect(body.detail).toContain('retry in');
    expect(body.detail).not.toContain('kept for this task');
  });

  it('hears the same time again when it asks too early, and loses nothing (ORCH-4304)', async () => {
    const app = await startFull();
    const headers = { 'idempotency-key': 'impatient' };
    const first = await app.post<Refusal>(task, headers);
    const again = await app.post<Refusal>(task, headers);
    expect([first.status, again.status]).toEqual([429, 429]);
    expect(again.body.retry_after_ms).toBeLessThanOrEqual(first.body.retry_after_ms);
  });
});
