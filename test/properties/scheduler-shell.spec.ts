import { EngineError } from '@llama-orch/plugin-sdk';
import fc from 'fast-check';
import { AppError } from '../../src/kernel/errors.js';
import { settle } from '../support/fake-clock.js';
import { type FakeRun } from '../support/fake-engine.js';
import { SchedulerRig, eventsOf, framesOf } from '../support/scheduler-rig.js';

const RUNS = 300;
const SEED = 20_240_603;

/** What may happen, how often, to whom `pick` points. */
const MOVES = {
  submit: 10,
  'submit with deadline': 4,
  cancel: 5,
  token: 14,
  'end of decode': 8,
  'failed decode': 2,
  'lost engine in one decode': 3,
  'truncated decode': 1,
  'engine dies': 2,
  'engine does not give back its slot': 2,
  'probe fails': 1,
  'a moment': 10,
  'a long time': 3,
} as const;

type Move = keyof typeof MOVES;

const moves = fc.array(
  fc.tuple(
    fc.oneof(...Object.entries(MOVES).map(([move, weight]) => ({ weight, arbitrary: fc.constant(move as Move) }))),
    fc.nat(10_000),
    // Whether promises happen before the next move.
    fc.boolean(),
  ),
  { minLength: 5, maxLength: 50, size: 'max' },
);

const policy = fc.constantFrom('reject', 'drop-lru', 'shed-low-priority');

const pools = fc.record({
  replicas: fc.integer({ min: 1, max: 2 }),
  slots: fc.integer({ min: 1, max: 2 }),
  determinism: fc.constantFrom('best_effort', 'strict'),
  queue: fc.record({ capacity: fc.integer({ min: 1, max: 4 }), full_policy: policy }),
  backoff: fc.constant({ initial_ms: 100, jitter: 0 }),
  breaker: fc.constant({ failures: 3, open_ms: 5000 }),
  timeouts: fc.constant({ idle_ms: 3000, first_token_ms: 4000, wall_ms: 20_000 }),
});

function chosen<Value>(values: readonly Value[], pick: number): Value | undefined {
  return values[pick % Math.max(1, values.length)];
}

function submit(rig: SchedulerRig, pick: number, deadlineMs?: number): void {
  try {
    rig.submit({ priority: pick % 3 === 0 ? 'batch' : 'interactive', deadlineMs });
  } catch (error) {
    if (!(error instanceof AppError) || error.status !== 429) throw error;
  }
}

async function play(rig: SchedulerRig, move: Move, pick: number): Promise<void> {
  const run = chosen(rig.adapter.liveRuns, pick);
  const connection = chosen(rig.adapter.connections, pick);
  const withRun = (act: (run: FakeRun) => void) => (run === undefined ? undefined : act(run));
  switch (move) {
    case 'submit':
      return submit(rig, pick);
    case 'submit with deadline':
      return submit(rig, pick, 50 + (pick % 5000));
    case 'cancel': {
      const task = chosen(rig.tasks, pick);
      if (task !== undefined) rig.scheduler.cancel(task, pick % 2 === 0 ? 'client' : 'disconnect');
      return;
    }
    case 'token':
      return withRun((one) => one.tokens('x', 'y'));
    case 'end of decode':
      return withRun((one) => one.end());
    case 'failed decode':
      return withRun((one) => one.fail(new EngineError('invalid-input', 'refused')));
    case 'lost engine in one decode':
      return withRun((one) => one.fail(new EngineError('reset', 'socket closed')));
    case 'truncated decode':
      return withRun((one) => one.close());
    case 'engine dies':
      return connection?.die();
    case 'engine does not give back its slot':
      return withRun((one) => void (one.stuck = true));
    case 'probe fails':
      if (connection !== undefined) connection.health_ = () => ({ state: 'failed', reason: 'driver' });
      return;
    case 'a moment':
      return rig.clock.advance(pick % 200);
    case 'a long time':
      return rig.clock.advance(pick % 7000);
  }
}

function checkFrames(rig: SchedulerRig): void {
  for (const task of rig.tasks) {
    const frames = framesOf(task);
    const events = frames.map(({ event }) => event);
    expect(frames.map(({ id }) => id)).toEqual(frames.map((_, index) => index + 1));
    const terminal = events.filter((event) => event === 'end' || event === 'error');
    expect(terminal).toHaveLength(task.ended ? 1 : 0);
    if (task.ended) expect(events.at(-1)).toBe(terminal[0]);
    expect(task.log.sealed).toBe(task.ended);
    if (events.includes('token')) expect(events[0]).toBe('started');
    expect(events.filter((event) => event === 'started').length).toBeLessThanOrEqual(1);
    if (events.includes('metrics')) expect(events.indexOf('metrics')).toBeGreaterThan(events.indexOf('token'));
    const indexes = frames.filter(({ event }) => event === 'token').map(({ data }) => data['i']);
    expect(indexes).toEqual(indexes.map((_, index) => index));
  }
}

/** No queued task outlives its deadline by more than 100 ms. */
function checkDeadlines(rig: SchedulerRig): void {
  const late = rig.tasks.filter((task) => !task.ended && (task.deadlineAt ?? Infinity) + 100 < rig.clock.now());
  expect(late.map(({ key }) => key)).toEqual([]);
}

describe('the scheduler with everything below it', () => {
  it('gives each task one end and every slot back, whatever happens when (ORCH-4201, ORCH-4202, ORCH-4411, ORCH-4505, OC-POOL-3007)', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(pools, moves, async (pool, script) => {
        const rig = await SchedulerRig.ready({ pool });
        for (const [move, pick, wait] of script) {
          await play(rig, move, pick);
          if (wait) await settle();
          checkFrames(rig);
          checkDeadlines(rig);
          expect(rig.busy).toBeGreaterThanOrEqual(0);
        }
        const draining = rig.scheduler.drain(30_000);
        await rig.clock.advance(30_100);
        await draining;
        await rig.pools.stop();
        await settle();
        checkFrames(rig);
        expect(rig.tasks.filter((task) => !task.ended)).toEqual([]);
        expect([rig.busy, rig.waiting]).toEqual([0, 0]);
        // The sweep of ended tasks is the only timer that outlives the work.
        await rig.clock.advance(200);
        expect(rig.clock.pending).toBeLessThanOrEqual(1);
        for (const task of rig.tasks) seen.add(`${task.state} ${task.error?.code ?? eventsOf(task).at(-1)}`);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    expect([...seen].sort()).toEqual([
      'cancelled end',
      'completed end',
      'evicted QUEUE_FULL_DROP_LRU',
      'expired DEADLINE_UNMET',
      'failed DECODE_TIMEOUT',
      'failed INVALID_PARAMS',
      'failed POOL_UNAVAILABLE',
      'failed REPLICA_EXHAUSTED',
      'failed WORKER_RESET',
    ]);
  }, 300_000);
});
