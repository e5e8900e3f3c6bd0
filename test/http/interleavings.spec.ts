import { type StreamFrame } from '@llama-orch/client';
import fc from 'fast-check';
import { terminalOf, type Events } from '../support/read-events.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';

type Operation =
  | { readonly type: 'submit'; readonly prompt: string; readonly more: object }
  | { readonly type: 'follow' | 'leave' | 'cancel'; readonly at: number }
  | { readonly type: 'breathe' };

/** Tasks of every fate: quick, slow, stuck until cancelled, and those that take the engine with them. */
const PROMPTS = [
  'quick',
  '[[mock:tokens=3]][[mock:token_ms=1]] paced',
  '[[mock:stall@0]] stuck',
  '[[mock:stall@4]] stuck after tokens',
  '[[mock:die@0x1]] kills an engine once',
  '[[mock:die@2]] kills engines after tokens',
  '[[mock:reset@0]] loses its stream again and again',
  '[[mock:error@1=internal]] fails',
];
const MORE = fc.record({
  priority: fc.constantFrom('interactive', 'batch'),
  on_disconnect: fc.constantFrom('detach', 'cancel'),
  deadline_ms: fc.constantFrom(undefined, 40, 60_000),
  max_tokens: fc.integer({ min: 1, max: 12 }),
});
const SUBMIT = fc.record({ type: fc.constant('submit' as const), prompt: fc.constantFrom(...PROMPTS), more: MORE });
const ON_A_TASK = fc.record({
  type: fc.constantFrom('follow' as const, 'leave' as const, 'cancel' as const),
  at: fc.nat({ max: 30 }),
});
const OPERATION: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: SUBMIT },
  { weight: 5, arbitrary: ON_A_TASK },
  { weight: 1, arbitrary: fc.constant({ type: 'breathe' as const }) },
);

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({
    pools: [
      mockPool(
        { token_ms: 0 },
        {
          ...{ replicas: 2, slots: 2, queue: { capacity: 6, full_policy: 'drop-lru' } },
          ...{
            backoff: { initial_ms: 10, max_ms: 20, jitter: 0 },
            breaker: { failures: 1000 },
            probe: { interval_ms: 20 },
          },
          perf: { prefill_tps: 1e9, decode_tps: 1e9 },
        },
      ),
    ],
  });
});

/** What one sequence of operations leaves behind. */
class Play {
  readonly tasks: string[] = [];
  readonly readers: Events[] = [];
  readonly logsAtCancel = new Map<string, readonly StreamFrame[]>();

  async do(operation: Operation): Promise<void> {
    if (operation.type === 'breathe') return void (await new Promise((resolve) => setImmediate(resolve)));
    if (operation.type === 'submit') return this.submit(operation.prompt, operation.more);
    if (operation.type === 'leave') return this.readers.splice(operation.at, 1)[0]?.close();
    const id = this.tasks[operation.at % Math.max(1, this.tasks.length)];
    if (id === undefined) return;
    if (operation.type === 'cancel') return this.cancel(id);
    this.readers.push(await app.follow(id));
  }

  private async submit(prompt: string, more: object): Promise<void> {
    const answer = await app.post<{ task_id: string }>(completion(prompt, more));
    if (answer.status === 202) this.tasks.push(answer.body.task_id);
    else expect([400, 429, 503]).toContain(answer.status);
  }

  async cancel(id: string): Promise<void> {
    expect((await app.cancel(id)).status).toBe(204);
    if (!this.logsAtCancel.has(id)) this.logsAtCancel.set(id, await app.frames(id));
  }
}

function expectWholeLog(frames: readonly StreamFrame[]): void {
  terminalOf(frames);
  expect(frames.map(({ id }) => id)).toEqual(frames.map((_, index) => index + 1));
  expect(frames.filter(({ event }) => event === 'started').length).toBeLessThanOrEqual(1);
  const tokens = frames.flatMap((frame) => (frame.event === 'token' ? [frame.data.i] : []));
  expect(tokens).toEqual(tokens.map((_, index) => index));
}

describe('Submits, cancels, lost readers and lost engines in any order', () => {
  it('leave one terminal frame per task, no frame after a cancel, no lease and no queue (ORCH-4201, ORCH-3026, ORCH-4505, OC-POOL-3007, OC-CTRL-2012, OC-CORE-1005)', async () => {
    const plays = fc.array(fc.tuple(OPERATION, fc.boolean()), { minLength: 30, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(plays, async (operations) => {
        const play = new Play();
        const running: Promise<void>[] = [];
        for (const [operation, waits] of operations) {
          const done = play.do(operation);
          running.push(done);
          if (waits) await done;
        }
        await Promise.all(running);
        for (const id of play.tasks) await play.cancel(id);
        for (const id of play.tasks) {
          const frames = await app.frames(id);
          expectWholeLog(frames);
          expect(frames).toEqual(play.logsAtCancel.get(id));
        }
        for (const reader of play.readers) reader.close();
        await app.untilIdle();
      }),
      { seed: 20_251_120, numRuns: 12, endOnFailure: true },
    );
  });

  it('counted every admitted task as ended (ORCH-4201, ORCH-3028)', async () => {
    const { text } = await app.call('/metrics');
    const sum = (name: string) =>
      text
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`))
        .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
    expect(sum('llama_orch_stream_terminal_total')).toBe(sum('tasks_enqueued_total'));
    expect(sum('tasks_enqueued_total')).toBeGreaterThan(50);
  });
});
