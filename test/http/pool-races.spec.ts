import { type PoolHealth } from '@llama-orch/client';
import fc from 'fast-check';
import { eventually } from '../support/eventually.js';
import { terminalOf } from '../support/read-events.js';
import { completion, mockPool, startTestApp, type TestApp } from '../support/start-app.js';

type Operation =
  | { readonly type: 'submit'; readonly prompt: string }
  | { readonly type: 'drain'; readonly deadline_ms: number }
  | { readonly type: 'reload'; readonly model: string }
  | { readonly type: 'look' }
  | { readonly type: 'breathe' };

const MODELS = ['mock-model', 'other-model'];
const PROMPTS = [
  'quick',
  '[[mock:tokens=4]][[mock:token_ms=2]] paced',
  '[[mock:stall@1]] stuck',
  '[[mock:die@2]] kills',
];

const OPERATION: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('submit' as const), prompt: fc.constantFrom(...PROMPTS) }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('drain' as const), deadline_ms: fc.constantFrom(0, 5, 60_000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('reload' as const), model: fc.constantFrom(...MODELS) }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'look' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'breathe' as const }) },
);

/** Operations that are begun one after the other, whatever becomes of those before. */
class Play {
  readonly tasks: string[] = [];
  private readonly reloads: Promise<number>[] = [];

  constructor(private readonly app: TestApp) {}

  async do(operation: Operation): Promise<void> {
    if (operation.type === 'breathe') return void (await new Promise((resolve) => setImmediate(resolve)));
    if (operation.type === 'submit') return this.submit(operation.prompt);
    if (operation.type === 'look') return this.look();
    if (operation.type === 'reload') return void this.reloads.push(this.reload(operation.model));
    const body = { deadline_ms: operation.deadline_ms };
    const { status } = await this.app.call('/v1/pools/mock/drain', { method: 'POST', body });
    expect([202, 409]).toContain(status);
  }

  async reload(model: string): Promise<number> {
    const body = { new_model_ref: model, deadline_ms: 20 };
    return (await this.app.call('/v1/pools/mock/reload', { method: 'POST', body })).status;
  }

  /** What has to hold when all of it is over: the pool can be brought back, and nobody was forgotten. */
  async finish(): Promise<void> {
    for (const status of await Promise.all(this.reloads)) expect([200, 409]).toContain(status);
    await this.app.call('/v1/pools/mock/drain', { method: 'POST', body: { deadline_ms: 0 } });
    await eventually(async () => expect((await this.health()).state).toBe('stopped'));
    for (const id of this.tasks) terminalOf(await this.app.frames(id));
    expect(await this.reload(MODELS[0]!)).toBe(200);
    const { task_id } = await this.app.submit(completion());
    expect(terminalOf(await this.app.frames(task_id)).event).toBe('end');
    await this.app.untilIdle();
    const { replicas, state } = await this.health();
    expect([replicas.length, state]).toEqual([1, 'ready']);
  }

  private async submit(prompt: string): Promise<void> {
    const body = completion(prompt, { model_ref: MODELS[this.tasks.length % 2]!, max_tokens: 8 });
    const answer = await this.app.post<{ task_id: string }>(body);
    if (answer.status === 202) this.tasks.push(answer.body.task_id);
    else expect([404, 429, 503]).toContain(answer.status);
  }

  private async look(): Promise<void> {
    const { state, ready, draining } = await this.health();
    expect(ready).toBe(state === 'ready');
    expect(draining).toBe(state === 'draining' || state === 'reloading');
  }

  private async health(): Promise<PoolHealth> {
    return (await this.app.call<PoolHealth>('/v1/pools/mock/health')).body;
  }
}

it('Starts, drains and reloads in any order leave no task without an end, no slot in use and no engine behind (ORCH-2101, ORCH-2102, ORCH-3031, ORCH-4505, ORCH-4952)', async () => {
  const app = await startTestApp({
    pools: [
      mockPool(
        {},
        {
          ...{ slots: 2, queue: { capacity: 6 }, timeouts: { cancel_ms: 1_000 } },
          // A machine that stands still makes any engine slow.
          reload: { min_speed: 0 },
          ...{
            backoff: { initial_ms: 5, max_ms: 10, jitter: 0 },
            breaker: { failures: 1_000 },
            probe: { interval_ms: 20 },
          },
        },
      ),
    ],
  });
  await fc.assert(
    fc.asyncProperty(fc.array(OPERATION, { minLength: 6, maxLength: 30, size: 'max' }), async (operations) => {
      const play = new Play(app);
      for (const operation of operations) await play.do(operation);
      await play.finish();
    }),
    { numRuns: 25, seed: 23 },
  );
});
