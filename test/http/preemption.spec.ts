import { runnerPids } from '../support/runner-pids.js';
import { textOf, terminalOf } from '../support/read-events.js';
import { type TestApp, completion, mockPool, startTestApp } from '../support/start-app.js';

const HARD = { mode: 'hard', hard_requirements: { max_preemptions_per_min: 1000 } };

interface Finished {
  readonly text: string;
  readonly preempted: boolean;
  readonly tokens: number;
}

/** Lets a batch task stream, sends interactive ones into it, and reads both to their ends. */
async function interrupted(app: TestApp, batch: object, urgent: readonly object[]): Promise<Finished> {
  // What is on its way to the engine finds it where it was seen.
  const engineGets = (signal: NodeJS.Signals) => {
    for (const pool of app.poolIds) for (const pid of runnerPids(app, pool).values()) process.kill(pid, signal);
  };
  const { task_id } = await app.submit(batch);
  const events = await app.follow(task_id);
  const finished: string[] = [];
  for (const body of urgent) {
    await events.until('token');
    engineGets('SIGSTOP');
    const { task_id: other } = await app.submit(body);
    engineGets('SIGCONT');
    finished.push(terminalOf(await app.frames(other)).event);
  }
  const frames = await events.rest();
  expect(finished).toEqual(urgent.map(() => 'end'));
  expect(terminalOf(frames).event).toBe('end');
  const indexes = frames.flatMap((frame) => (frame.event === 'token' ? [frame.data.i] : []));
  expect(indexes).toEqual(indexes.map((_, at) => at));
  const preempted = frames.some((frame) => frame.event === 'metrics' && frame.data.preempted === true);
  return { text: textOf(frames), preempted, tokens: indexes.length };
}

describe('Hard preemption over HTTP', () => {
  it('suspends a batch task of the embedded engine, whose reader then gets the same bytes as without (ORCH-3086, ORCH-3087)', async () => {
    const pool = { id: 'haiku', engine: 'embedded', model: 'haiku-nano' };
    const app = await startTestApp({ pools: [pool], preemption: HARD });
    const prompt = 'Write a haiku about the minute twenty-nine and include the nonce "q7xk2m9p".';
    const task = { workload: 'completion', model_ref: 'haiku-nano', prompt };
    // Hot enough to leave what it learned, so that it does not come to an end soon.
    const batch = {
      ...task,
      priority: 'batch',
      max_tokens: 400,
      seed: 7,
      params: { temperature: 2, top_k: 0, top_p: 1 },
    };
    const urgent = { ...task, priority: 'interactive', max_tokens: 8 };
    const alone = await interrupted(app, batch, []);
    const cut = await interrupted(app, batch, [urgent, urgent, urgent]);
    expect([alone.preempted, cut.preempted]).toEqual([false, true]);
    expect(cut.text).toBe(alone.text);
    const metrics = (await app.call('/metrics')).text;
    expect(metrics).toMatch(/preemptions_total\{mode="hard",engine="embedded"\} [1-3]\n/);
    expect(metrics).toMatch(/resumptions_total\{engine="embedded"\} [1-3]\n/);
    expect(app.lines.some(({ event }) => event === 'preempted')).toBe(true);
  });

  it('lets the interactive task go first, and the batch task finish with every token (ORCH-3086)', async () => {
    const app = await startTestApp({
      pools: [mockPool({ tokens: 60 })],
      preemption: HARD,
    });
    const alone = await interrupted(app, completion(' batch work', { priority: 'batch' }), []);
    // It goes no further before it is suspended.
    const batch = completion('[[mock:stall@5x1]] batch work', { priority: 'batch' });
    const cut = await interrupted(app, batch, [completion('urgent', { max_tokens: 3 })]);
    expect(cut).toEqual({ ...alone, preempted: true });
    expect(cut.tokens).toBe(60);
  });
});

describe('Soft preemption over HTTP', () => {
  it('ends the newest waiting batch task with a time to come back (ORCH-3085)', async () => {
    const app = await startTestApp({
      pools: [mockPool({}, { queue: { capacity: 2 } })],
      preemption: { mode: 'soft' },
    });
    const batch = completion('[[mock:stall@1]] batch', { priority: 'batch' });
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) ids.push((await app.submit(batch)).task_id);
    await app.submit(completion('urgent'));
    const { event, data } = terminalOf(await app.frames(ids[2]!));
    expect(event).toBe('error');
    expect(data).toMatchObject({ code: 'QUEUE_FULL_DROP_LRU', retriable: true, policy_label: 'shed-low-priority' });
    expect((await app.call('/metrics')).text).toContain('preemptions_total{mode="soft",engine="mock"} 1\n');
  });
});

describe('Without preemption', () => {
  it('there is no series of it (ORCH-4903)', async () => {
    const app = await startTestApp();
    expect((await app.call('/metrics')).text).not.toMatch(/preemptions_total|resumptions_total/);
  });
});
