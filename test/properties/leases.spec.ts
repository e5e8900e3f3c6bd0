import fc from 'fast-check';
import { AppError } from '../../src/kernel/errors.js';
import { settle } from '../support/fake-clock.js';
import { SchedulerRig, eventsOf } from '../support/scheduler-rig.js';

const CANCEL_MS = 5_000;
const POOL = {
  slots: 2,
  determinism: 'best_effort',
  backoff: { initial_ms: 100, jitter: 0 },
  breaker: { failures: 1000 },
  timeouts: { cancel_ms: CANCEL_MS, idle_ms: 60_000, first_token_ms: 60_000, wall_ms: 600_000 },
};

/** A rig whose engines forget what they run when they die or are closed. */
async function wedged(pool: object = {}): Promise<SchedulerRig> {
  const rig = await SchedulerRig.ready({ pool: { ...POOL, ...pool } });
  rig.adapter.onConnect = (connection) => {
    connection.wedged = true;
  };
  rig.adapter.newest.wedged = true;
  return rig;
}

describe('the lease of an engine that is gone', () => {
  it('comes back although the decode never settles, and the task ends (ORCH-4505, OC-POOL-3007)', async () => {
    const rig = await wedged();
    const task = rig.submit();
    await settle();
    const run = rig.runOf(task);
    run.tokens('x');
    await settle();
    rig.adapter.newest.die();
    await rig.clock.advance(CANCEL_MS - 1);
    expect([rig.busy, task.state]).toEqual([1, 'streaming']);
    await rig.clock.advance(1);
    expect([rig.busy, task.state, task.error?.code]).toEqual([0, 'failed', 'WORKER_RESET']);
    const frames = eventsOf(task);
    expect(frames).toEqual(['started', 'token', 'metrics', 'error']);
    // What it says and gives back now is nobody's any more.
    run.tokens('y');
    run.end();
    await settle();
    expect([rig.busy, eventsOf(task)]).toEqual([0, frames]);
  });

  it('comes back before the first token, and the task is served by the next start (ORCH-4211, ORCH-4505)', async () => {
    const rig = await wedged();
    const task = rig.submit();
    await settle();
    rig.adapter.newest.die();
    await rig.clock.advance(CANCEL_MS);
    expect([task.state, task.requeued, rig.busy]).toEqual(['dispatched', true, 1]);
    rig.runOf(task).end();
    await settle();
    expect([task.state, rig.busy]).toEqual(['completed', 0]);
  });

  it('comes back once, also when its task was cancelled before (ORCH-4505, ORCH-3017)', async () => {
    const rig = await wedged();
    const task = rig.submit();
    await settle();
    rig.runOf(task).stuck = true;
    rig.scheduler.cancel(task, 'client');
    expect([rig.busy, task.state]).toEqual([1, 'cancelled']);
    await rig.clock.advance(2 * CANCEL_MS);
    expect([rig.busy, rig.pool.replicas[0]!.epoch]).toEqual([0, 2]);
    rig.runOf(task).free();
    await settle();
    expect(rig.busy).toBe(0);
  });

  it('stays with a decode whose engine was only silent for a while (ORCH-4505, OC-POOL-3005)', async () => {
    const rig = await wedged({ probe: { heartbeat_stale_ms: 3_000, fail_threshold: 100 } });
    const task = rig.submit();
    await settle();
    rig.adapter.newest.health_ = () => new Promise(() => {});
    await rig.clock.advance(2 * CANCEL_MS);
    expect([rig.pool.replicas[0]!.state, rig.busy]).toEqual(['unready', 1]);
    rig.runOf(task).tokens('x');
    rig.runOf(task).end();
    rig.adapter.newest.health_ = () => ({ state: 'ready' });
    await rig.clock.advance(2 * CANCEL_MS);
    expect([task.state, rig.busy, rig.pool.replicas[0]!.epoch]).toEqual(['completed', 0, 1]);
  });
});

const MOVES = [
  'submit',
  'submit',
  'token',
  'end',
  'cancel',
  'die',
  'stuck',
  'free',
  'moment',
  'second',
  'long',
] as const;

async function play(rig: SchedulerRig, move: (typeof MOVES)[number], pick: number): Promise<void> {
  const runs = rig.adapter.connections.flatMap((connection) => connection.runs);
  const run = runs[pick % Math.max(1, runs.length)];
  if (move === 'submit') return submit(rig);
  if (move === 'token') run?.tokens('x');
  if (move === 'end') run?.end();
  if (move === 'stuck' && run !== undefined) run.stuck = true;
  // Also runs of starts that are long over: their slots come back late.
  if (move === 'free') run?.free();
  if (move === 'cancel' && rig.tasks.length > 0) rig.scheduler.cancel(rig.tasks[pick % rig.tasks.length]!, 'client');
  if (move === 'die') rig.adapter.connections.at(-1)?.die();
  if (move === 'moment') await settle();
  if (move === 'second') await rig.clock.advance(1_000);
  if (move === 'long') await rig.clock.advance(CANCEL_MS);
}

function submit(rig: SchedulerRig): void {
  try {
    rig.submit();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}

/** Slots in use of each replica, as the scheduler's core counts them. */
function busyOf({ scheduler, pool }: SchedulerRig): number[] {
  return [...scheduler['state'].pools.get(pool.id)!.replicas.values()].map(({ busy }) => busy);
}

describe('leases', () => {
  it('are never fewer than none nor more than slots, and none is left, in any order of starts, losses and late returns (OC-POOL-3007, ORCH-4505)', async () => {
    const moves = fc.array(fc.tuple(fc.constantFrom(...MOVES), fc.nat(1000)), { minLength: 5, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(moves, async (steps) => {
        const rig = await wedged({ queue: { capacity: 8 } });
        for (const [move, pick] of steps) {
          await play(rig, move, pick);
          for (const busy of busyOf(rig)) expect([0, 1, 2]).toContain(busy);
        }
        for (const task of rig.tasks) rig.scheduler.cancel(task, 'client');
        await rig.clock.advance(4 * CANCEL_MS);
        expect([rig.busy, rig.waiting, ...busyOf(rig)]).toEqual([0, 0, 0]);
        for (const run of rig.adapter.connections.flatMap(({ runs }) => runs)) {
          run.end();
          run.free();
        }
        await settle();
        expect(rig.busy).toBe(0);
        const after = rig.submit();
        await rig.clock.advance(1_000);
        rig.runOf(after).end();
        await settle();
        expect([after.state, rig.busy]).toEqual(['completed', 0]);
      }),
      { numRuns: 300, seed: 20_250_108 },
    );
  });
});
