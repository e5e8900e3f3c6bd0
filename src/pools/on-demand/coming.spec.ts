import { OnDemandRig } from '../../../test/support/on-demand-rig.js';
import { AppError } from '../../kernel/errors.js';

const PAIR = { a: { loadMs: 2000, serviceMs: 0 }, b: { loadMs: 4000, serviceMs: 0 } };

describe('the promised start of a task whose model is not loaded', () => {
  it('is the load: guessed at first, measured after the first, less while it loads (ORCH-4406)', async () => {
    const rig = await OnDemandRig.start({ pools: { a: { loadMs: 2500, config: { unload_after_ms: 1000 } } } });
    const first = rig.submit('a');
    expect(first.promise).toMatchObject({ predictedStartMs: 1000, predictedStartP90Ms: 3000, queuePosition: 0 });
    await rig.clock.advance(600);
    const live = () => rig.scheduler.outlook(rig.pool('a').id).startAfter(0, rig.clock.now());
    expect([live().p50, live().p90]).toEqual([500, 2400]);
    await rig.clock.advance(1900);
    expect(first.state).toBe('dispatched');
    rig.scheduler.cancel(first, 'client');
    await rig.clock.advance(5000);
    expect(rig.state('a')).toBe('unloaded');
    const second = rig.submit('a');
    expect(second.promise.predictedStartMs).toBe(2500);
    expect(second.promise.predictedStartP90Ms).toBeLessThan(3000);
    const began = rig.clock.now();
    await rig.clock.advance(2500);
    expect(second.dispatchedAt! - began).toBe(2500);
    await rig.stop();
  });

  it('counts the queue that waits with it, on the slots that will be there', async () => {
    const rig = await OnDemandRig.start({
      pools: { a: { loadMs: 1000, config: { slots: 2, perf: { decode_tps: 100 } } } },
    });
    const facts = { maxTokens: 100, expectedTokens: 100 };
    const starts = [0, 1, 2, 3].map(() => rig.submit('a', facts).promise.predictedStartMs);
    expect(starts.slice(0, 2)).toEqual([1000, 1000]);
    expect(starts[2]).toBeGreaterThan(1900);
    expect(starts[3]).toBeLessThan(2200);
    await rig.stop();
  });

  it('counts what those still have to do who must make room', async () => {
    const rig = await OnDemandRig.start({ pools: PAIR });
    rig.times.observe(rig.pool('a'), 2000);
    rig.times.observe(rig.pool('b'), 4000);
    rig.submit('a');
    await rig.clock.advance(2000);
    const { promise } = rig.submit('b');
    // The turn of the other, four of its loads, and the load itself; what runs there may end sooner.
    expect(promise.predictedStartMs).toBeGreaterThanOrEqual(8000 + 4000);
    expect(promise.predictedStartMs).toBeLessThanOrEqual(8000 + 4000 + 5000);
    expect(promise.predictedStartP90Ms).toBeGreaterThan(promise.predictedStartMs);
    await rig.stop();
  });

  it('is free of the wait of one that finds free memory', async () => {
    const rig = await OnDemandRig.start({ pools: PAIR, devices: [60, 60] });
    rig.times.observe(rig.pool('b'), 4000);
    rig.submit('a');
    await rig.clock.advance(2000);
    expect(rig.submit('b').promise.predictedStartMs).toBe(4000);
    await rig.stop();
  });

  it('decides with which pool of a model a task goes: one that is loaded and has room', async () => {
    const rig = await OnDemandRig.start({ pools: PAIR });
    const task = {
      request: { ...rig.submit('a').request, tenantId: 'default' },
      promptTokens: 3,
      deadlineAt: undefined,
    };
    await rig.clock.advance(2000);
    const start = (id: string) => rig.scheduler.outlook(rig.pool(id).id).startOf(task, rig.clock.now()).p50;
    rig.scheduler.cancel(rig.tasks[0]!, 'client');
    await rig.clock.advance(10);
    expect(start('a')).toBe(0);
    expect(start('b')).toBeGreaterThan(0);
    await rig.stop();
  });

  it('is part of what a refused caller is told (ORCH-4406)', async () => {
    const rig = await OnDemandRig.start({ pools: { a: { loadMs: 30_000, config: { queue: { capacity: 1 } } } } });
    rig.times.observe(rig.pool('a'), 30_000);
    rig.submit('a');
    const refusal = thrown(() => rig.submit('a'));
    expect(refusal.members['retry_after_ms']).toBeGreaterThan(30_000);
    await rig.stop();
  });

  it('holds in nine of ten cases once loads were measured (ORCH-4406)', async () => {
    const rig = await OnDemandRig.start({
      pools: { a: { loadMs: 2000, serviceMs: 50, config: { unload_after_ms: 500 } } },
    });
    let within = 0;
    for (let round = 0; round < 30; round++) {
      rig.adapters.get('a')!.onConnect = slowly(rig, 1800 + ((round * 37) % 400));
      const task = rig.submit('a');
      await rig.clock.advance(5000);
      if (round > 2 && task.dispatchedAt! - task.request.receivedAt <= task.promise.predictedStartP90Ms) within++;
      rig.scheduler.cancel(task, 'client');
      await rig.clock.advance(1000);
    }
    expect(within).toBeGreaterThanOrEqual(25);
    await rig.stop();
  });
});

function slowly(rig: OnDemandRig, ms: number) {
  return () => new Promise<void>((resolve) => void rig.clock.schedule(ms, resolve));
}

function thrown(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
