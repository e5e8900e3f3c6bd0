import fc from 'fast-check';
import { OnDemandRig } from '../../../test/support/on-demand-rig.js';

const LOAD_MS = 5_000;
const TWO = { a: { loadMs: LOAD_MS, serviceMs: 500 }, b: { loadMs: LOAD_MS, serviceMs: 500 } };

/** Submits to the pools in turn, every `everyMs`, for `forMs`. */
async function alternate(rig: OnDemandRig, ids: readonly string[], everyMs: number, forMs: number): Promise<void> {
  for (let at = 0; at * everyMs < forMs; at++) {
    rig.submit(ids[at % ids.length]!);
    await rig.clock.advance(everyMs);
  }
}

describe('two models that do not fit together', () => {
  it('take turns under steady traffic: both are served, swaps are few', async () => {
    const rig = await OnDemandRig.start({ pools: TWO });
    await alternate(rig, ['a', 'b'], 600, 300_000);
    const swaps = rig.loads();
    await rig.clock.advance(120_000);
    expect(rig.tasks.every(({ state }) => state === 'completed')).toBe(true);
    // One swap per task would be 500; a turn of four loads and the load itself allow one in 25 s.
    expect(swaps).toBeLessThanOrEqual(14);
    expect(Math.min(rig.loads('a'), rig.loads('b'))).toBeGreaterThanOrEqual(4);
    const waits = rig.tasks.map((task) => task.dispatchedAt! - task.request.receivedAt);
    // Its own load, the turn and load of the other, and the queue that gathered meanwhile.
    expect(Math.max(...waits)).toBeLessThan(90_000);
    expect(rig.launcher.peaks[0]).toBe(60);
    await rig.stop();
  });

  it('change places quickly when one user goes to and fro and waits for each answer', async () => {
    const rig = await OnDemandRig.start({ pools: TWO });
    for (const id of ['a', 'b', 'a', 'b']) {
      const task = rig.submit(id);
      await rig.clock.advance(10_000);
      expect(task.state).toBe('completed');
      // Half a load at most on top of the load itself.
      expect(task.dispatchedAt! - task.request.receivedAt).toBeLessThanOrEqual(1.5 * LOAD_MS + 10);
    }
    await rig.stop();
  });

  it('let a model answer whoever asks again right after its answer', async () => {
    const rig = await OnDemandRig.start({ pools: TWO });
    rig.submit('a');
    await rig.clock.advance(9_000);
    rig.submit('a');
    await rig.clock.advance(400);
    rig.submit('b');
    await rig.clock.advance(200);
    rig.submit('a');
    await rig.clock.advance(600);
    expect([rig.tasks.map(({ state }) => state), rig.loads('a')]).toEqual([
      ['completed', 'completed', 'queued', 'completed'],
      1,
    ]);
    await rig.clock.advance(10_000);
    expect(rig.tasks[2]!.state).toBe('completed');
    await rig.stop();
  });

  it('never end what runs: a long task is waited for', async () => {
    const rig = await OnDemandRig.start({ pools: { ...TWO, a: { loadMs: LOAD_MS, serviceMs: 100_000 } } });
    const long = rig.submit('a');
    await rig.clock.advance(6_000);
    const next = rig.submit('a');
    const other = rig.submit('b');
    await rig.clock.advance(105_500);
    expect([long.state, next.state, other.state]).toEqual(['completed', 'queued', 'completed']);
    await rig.clock.advance(120_000);
    expect(next.state).toBe('completed');
    await rig.stop();
  });
});

it('three models in the place of one: each has its turn', async () => {
  const rig = await OnDemandRig.start({ pools: { ...TWO, c: TWO.a } });
  await alternate(rig, ['a', 'b', 'c'], 700, 200_000);
  await rig.clock.advance(200_000);
  expect(rig.tasks.every(({ state }) => state === 'completed')).toBe(true);
  expect(rig.loads()).toBeLessThanOrEqual(20);
  expect(Math.min(...['a', 'b', 'c'].map((id) => rig.loads(id)))).toBeGreaterThanOrEqual(3);
  expect(rig.logger.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  await rig.stop();
});

it('a large model that needs two places is not kept out by small ones that come and go', async () => {
  const small = { loadMs: 1_000, serviceMs: 500, bytes: 40 };
  const rig = await OnDemandRig.start({ pools: { s: small, t: small, big: { ...small, loadMs: 3_000, bytes: 90 } } });
  await alternate(rig, ['s', 't'], 400, 10_000);
  const task = rig.submit('big');
  await alternate(rig, ['s', 't'], 400, 30_000);
  expect(task.state).toBe('completed');
  await rig.clock.advance(120_000);
  expect(rig.tasks.every(({ state }) => state === 'completed')).toBe(true);
  await rig.stop();
});

it('memory that a foreign process takes is never claimed, and a model loads when it is given back', async () => {
  const rig = await OnDemandRig.start({ pools: TWO });
  rig.launcher.foreign[0] = 70;
  const task = rig.submit('a');
  await rig.clock.advance(2_000);
  expect([rig.launcher.holders, task.state]).toEqual([[], 'queued']);
  rig.launcher.foreign[0] = 0;
  await rig.clock.advance(20_000);
  expect(task.state).toBe('completed');
  await rig.stop();
});

const STEP = fc.record({
  pool: fc.constantFrom('a', 'b', 'c', 'd'),
  does: fc.constantFrom('submit', 'submit', 'submit', 'cancel', 'die', 'wake', 'unload'),
  ms: fc.constantFrom(0, 1, 50, 700, 3_000),
  which: fc.nat({ max: 50 }),
});

it('any 1 000 submits, cancels, crashes, wakes and unloads: no task is lost, and no byte is claimed twice (ORCH-4201)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 100, maxLength: 100 }), async (steps) => {
      const pool = { loadMs: 800, serviceMs: 120, config: { unload_after_ms: 2_000, breaker: { failures: 1_000 } } };
      const pools = {
        a: pool,
        b: { ...pool, bytes: 30 },
        c: { ...pool, bytes: 90 },
        d: { ...pool, config: { ...pool.config, replicas: 2 } },
      };
      const rig = await OnDemandRig.start({ pools, devices: [100, 60] });
      for (const { pool: id, does, ms, which } of steps) {
        if (does === 'submit') rig.submit(id);
        if (does === 'cancel' && rig.tasks.length > 0)
          rig.scheduler.cancel(rig.tasks[which % rig.tasks.length]!, 'client');
        const [replica] = rig.pool(id).replicas;
        if (does === 'wake') rig.pools.wake(replica!.id);
        if (does === 'unload') void rig.pools.unload(replica!.id);
        if (does === 'die') rig.adapters.get(id)!.connections.at(-1)?.die();
        await rig.clock.advance(ms);
      }
      await rig.clock.advance(600_000);
      const open = rig.tasks.filter(({ state }) => !['completed', 'cancelled', 'failed'].includes(state));
      expect(open.map((task) => `${task.poolId} ${task.state}`)).toEqual([]);
      expect(rig.launcher.peaks[0]).toBeLessThanOrEqual(100);
      expect(rig.launcher.peaks[1]).toBeLessThanOrEqual(60);
      expect([rig.launcher.holders, rig.pools.all.map(({ state }) => state)]).toEqual([[], Array(4).fill('unloaded')]);
      await rig.stop();
    }),
    { seed: 20_251_121, numRuns: 10, endOnFailure: true },
  );
}, 300_000);
