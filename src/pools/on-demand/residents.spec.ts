import { OnDemandRig } from '../../../test/support/on-demand-rig.js';
import { eventsOf } from '../../../test/support/scheduler-rig.js';

const PAIR = { a: { loadMs: 1000, serviceMs: 100 }, b: { loadMs: 1000, serviceMs: 100 } };

describe('a model that loads on demand', () => {
  it('is loaded by its first task, serves it, and is unloaded when nobody asked for it long enough (OC-POOL-3003)', async () => {
    const rig = await OnDemandRig.start({ pools: { a: { serviceMs: 100, config: { unload_after_ms: 5000 } } } });
    expect([rig.state('a'), rig.pool('a').takesTasks, rig.launcher.launches]).toEqual(['unloaded', true, 0]);
    const task = rig.submit('a');
    await rig.clock.advance(500);
    expect([rig.state('a'), task.state]).toEqual(['provisioning', 'queued']);
    await rig.clock.advance(700);
    expect([rig.state('a'), task.state]).toEqual(['ready', 'completed']);
    await rig.clock.advance(4800);
    expect(rig.state('a')).toBe('ready');
    await rig.clock.advance(200);
    expect([rig.state('a'), rig.launcher.holders, rig.unloads]).toEqual(['unloaded', [], ['a idle']]);
    rig.submit('a');
    await rig.clock.advance(1200);
    expect([rig.tasks.map(({ state }) => state), rig.loads()]).toEqual([['completed', 'completed'], 2]);
    await rig.stop();
  });

  it('stays for ever where it is not to be unloaded', async () => {
    const rig = await OnDemandRig.start({ pools: { a: { serviceMs: 100, config: { unload_after_ms: 0 } } } });
    rig.submit('a');
    await rig.clock.advance(10_000_000);
    expect([rig.state('a'), rig.loads()]).toEqual(['ready', 1]);
    await rig.stop();
  });

  it('takes the place of one that nobody uses', async () => {
    const rig = await OnDemandRig.start({ pools: PAIR });
    rig.submit('a');
    await rig.clock.advance(5000);
    const task = rig.submit('b');
    await rig.clock.advance(1200);
    expect([task.state, rig.state('a'), rig.unloads, rig.launcher.peaks]).toEqual([
      'completed',
      'unloaded',
      ['a swap'],
      [60],
    ]);
    expect(rig.logger.of('model_loaded').at(-1)?.fields).toMatchObject({ reason: 'swap', in_place_of: ['a-0'] });
    await rig.stop();
  });

  it('waits for one whose engine is slow to start, and takes its place then (OC-POOL-3003)', async () => {
    const rig = await OnDemandRig.start({ pools: PAIR });
    rig.launcher.starting = () => new Promise((resolve) => void rig.clock.schedule(4000, resolve));
    rig.submit('a');
    await rig.clock.advance(500);
    const task = rig.submit('b');
    await rig.clock.advance(3000);
    expect([rig.state('b'), rig.pool('b').lastError, task.state]).toEqual(['provisioning', undefined, 'queued']);
    await rig.clock.advance(20_000);
    expect([rig.tasks.map(({ state }) => state), rig.unloads[0]]).toEqual([['completed', 'completed'], 'a swap']);
    await rig.stop();
  });

  it('loads beside others where there is room for both', async () => {
    const rig = await OnDemandRig.start({ pools: PAIR, devices: [60, 60] });
    rig.submit('a');
    rig.submit('b');
    await rig.clock.advance(1200);
    expect([rig.state('a'), rig.state('b'), rig.unloads]).toEqual(['ready', 'ready', []]);
    await rig.stop();
  });

  it('never makes a preloaded model go, and fails as every start without room does', async () => {
    const rig = await OnDemandRig.start({ pools: { ...PAIR, a: { serviceMs: 100, config: { preload: true } } } });
    await rig.clock.advance(2000);
    const task = rig.submit('b');
    await rig.clock.advance(200);
    expect([rig.state('a'), rig.state('b'), rig.pool('b').lastError?.code]).toEqual([
      'ready',
      'backoff',
      'out-of-memory',
    ]);
    await rig.clock.advance(120_000);
    expect([rig.state('b'), task.state, task.error?.code]).toEqual(['failed', 'failed', 'POOL_UNAVAILABLE']);
    await rig.stop();
  });

  it('lets a preloaded model have its memory back', async () => {
    const rig = await OnDemandRig.start({ pools: { ...PAIR, a: { serviceMs: 100, config: { preload: true } } } });
    await rig.clock.advance(2000);
    rig.adapters.get('a')!.newest.die();
    await rig.clock.advance(0);
    rig.submit('b');
    await rig.clock.advance(200);
    expect(rig.launcher.holders).toEqual(['b-0']);
    await rig.clock.advance(10_000);
    expect([rig.state('a'), rig.state('b'), rig.tasks[0]!.state]).toEqual(['ready', 'unloaded', 'completed']);
    await rig.stop();
  });

  it('is not loaded for tasks that were cancelled while they waited for memory; one that loads goes on', async () => {
    const rig = await OnDemandRig.start({ pools: { a: { ...PAIR.a, serviceMs: 0 }, b: PAIR.b } });
    const running = rig.submit('a');
    await rig.clock.advance(1500);
    const waiting = rig.submit('b');
    await rig.clock.advance(500);
    expect(rig.state('b')).toBe('provisioning');
    rig.scheduler.cancel(waiting, 'client');
    await rig.clock.advance(0);
    expect([rig.state('b'), rig.state('a'), running.state]).toEqual(['unloaded', 'ready', 'dispatched']);
    rig.scheduler.cancel(running, 'client');
    await rig.clock.advance(3000);
    const loading = rig.submit('b');
    await rig.clock.advance(500);
    rig.scheduler.cancel(loading, 'client');
    await rig.clock.advance(600);
    expect([rig.state('b'), rig.unloads, eventsOf(loading)]).toEqual(['ready', ['a swap'], ['end']]);
    await rig.stop();
  });

  it('stays when whoever needed its memory has gone', async () => {
    const rig = await OnDemandRig.start({ pools: { a: { ...PAIR.a, serviceMs: 0 }, b: PAIR.b } });
    const running = rig.submit('a');
    await rig.clock.advance(1500);
    const waiting = rig.submit('b');
    await rig.clock.advance(4000);
    expect([rig.state('a'), rig.pool('a').takesTasks]).toEqual(['draining', true]);
    rig.scheduler.cancel(waiting, 'client');
    await rig.clock.advance(0);
    expect([rig.state('a'), running.state, rig.unloads]).toEqual(['ready', 'dispatched', []]);
    await rig.stop();
  });

  it('ends its waiting tasks with a clear code when it cannot be loaded, and tries again for a later one (OC-POOL-3011)', async () => {
    const rig = await OnDemandRig.start({ pools: { a: { serviceMs: 100 } } });
    const { onConnect } = rig.adapters.get('a')!;
    rig.adapters.get('a')!.onConnect = () => {
      throw new Error('the file is no model');
    };
    const task = rig.submit('a');
    await rig.clock.advance(60_000);
    expect([task.state, task.error?.code, rig.state('a')]).toEqual(['failed', 'POOL_UNAVAILABLE', 'failed']);
    expect(rig.pool('a').takesTasks).toBe(false);
    rig.adapters.get('a')!.onConnect = onConnect;
    await rig.clock.advance(300_000);
    expect([rig.state('a'), rig.pool('a').takesTasks]).toEqual(['unloaded', true]);
    const later = rig.submit('a');
    await rig.clock.advance(1200);
    expect(later.state).toBe('completed');
    await rig.stop();
  });

  it('gives everything back when the daemon stops while it loads, waits or goes', async () => {
    const rig = await OnDemandRig.start({ pools: { ...PAIR, c: PAIR.a } });
    for (const id of ['a', 'b', 'c']) rig.submit(id);
    await rig.clock.advance(500);
    await rig.stop();
    await rig.clock.advance(60_000);
    expect([rig.launcher.holders, rig.tasks.map(({ state }) => state)]).toEqual([[], ['failed', 'failed', 'failed']]);
    expect([rig.launcher.launches, rig.state('a'), rig.state('b')]).toEqual([1, 'stopped', 'stopped']);
  });

  it('wakes further replicas while tasks wait, but only into free memory', async () => {
    const pool = { ...PAIR.a, serviceMs: 3000, config: { replicas: 3 } };
    const rig = await OnDemandRig.start({ pools: { a: pool }, devices: [60, 60] });
    for (let count = 0; count < 8; count++) rig.submit('a');
    await rig.clock.advance(1500);
    expect([rig.launcher.holders.length, rig.pool('a').replicas.filter(({ ready }) => ready).length]).toEqual([2, 2]);
    await rig.clock.advance(20_000);
    expect(rig.tasks.every(({ state }) => state === 'completed')).toBe(true);
    await rig.stop();
  });

  it('is left alone by others while an operator drains it, and its memory is waited for (ORCH-2101)', async () => {
    const rig = await OnDemandRig.start({ pools: { a: { ...PAIR.a, serviceMs: 4000 }, b: PAIR.b } });
    const running = rig.submit('a');
    await rig.clock.advance(1500);
    rig.pools.drain(rig.pool('a'), 60_000);
    const other = rig.submit('b');
    await rig.clock.advance(1000);
    expect([rig.state('a'), running.state, other.state]).toEqual(['draining', 'dispatched', 'queued']);
    await rig.clock.advance(10_000);
    expect([rig.state('a'), running.state, other.state, rig.unloads]).toEqual([
      'stopped',
      'completed',
      'completed',
      [],
    ]);
    await rig.stop();
  });

  it('gives way after any number of reloads, whose replicas take turns with the ids (ORCH-2102)', async () => {
    const rig = await OnDemandRig.start({ pools: PAIR });
    rig.submit('a');
    await rig.clock.advance(2000);
    const { model } = rig.pool('a');
    for (let round = 0; round < 2; round++) {
      const reloading = rig.pools.reload(rig.pool('a'), { model, deadlineMs: 0, digest: undefined });
      await rig.clock.advance(10_000);
      await reloading;
    }
    const other = rig.submit('b');
    await rig.clock.advance(5000);
    expect([rig.unloads, other.state, rig.launcher.holders]).toEqual([['a swap'], 'completed', ['b-0']]);
    await rig.stop();
  });

  it('ends the tasks that wait for its load when it is drained, and does not load any more (ORCH-2101)', async () => {
    const rig = await OnDemandRig.start({ pools: PAIR });
    const task = rig.submit('a');
    await rig.clock.advance(500);
    rig.pools.drain(rig.pool('a'), 0);
    await rig.clock.advance(20_000);
    expect([task.state, task.error?.code, rig.launcher.holders]).toEqual(['failed', 'POOL_UNAVAILABLE', []]);
    await rig.stop();
  });
});
