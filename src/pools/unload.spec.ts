import { EngineError } from '@llama-orch/plugin-sdk';
import fc from 'fast-check';
import { settle } from '../../test/support/fake-clock.js';
import { ready, supervised } from '../../test/support/supervised.js';
import { pause } from './wait.js';

const NEVER = new AbortController().signal;

describe('a model on demand', () => {
  it('is not loaded before it is woken, and is loaded then (OC-POOL-3001)', async () => {
    const { adapter, begin, clock, pool, supervisor } = supervised();
    begin(true);
    await clock.advance(60_000);
    expect([pool.state, adapter.attempts]).toEqual(['unloaded', 0]);
    supervisor.wake();
    await settle();
    expect([pool.state, adapter.attempts]).toEqual(['ready', 1]);
  });

  it('is unloaded with its engine, tells so once, and leaves no timer (OC-POOL-3001)', async () => {
    const { adapter, clock, pool, supervisor, told } = await ready();
    await supervisor.unload();
    expect([pool.state, adapter.newest.closes, told]).toEqual(['unloaded', 1, ['ready p-0', 'lost p-0']]);
    expect(clock.pending).toBe(0);
  });

  it('counts neither as failed nor as restarted when it is unloaded (OC-POOL-3011)', async () => {
    const { metrics, replica, supervisor } = await ready();
    for (let round = 0; round < 10; round++) {
      await supervisor.unload();
      supervisor.wake();
      await settle();
    }
    expect([replica.state, replica.epoch, replica.restartCount, replica.lastError]).toEqual([
      'ready',
      11,
      0,
      undefined,
    ]);
    expect(await metrics.text()).not.toMatch(/preload_total\{.*failed/);
  });

  it.each<readonly [string, { connect?: true; loading?: true; decoding?: true; backoff?: true; permanent?: true }]>([
    ['it connects', { connect: true }],
    ['it loads', { loading: true }],
    ['its self-tests run', { decoding: true }],
    ['it waits for its restart', { backoff: true }],
    ['it has failed', { permanent: true }],
  ])('may be unloaded while %s, and wakes up again (OC-POOL-3001)', async (_when, how) => {
    const { adapter, begin, clock, replica, supervisor } = supervised();
    let arrive = () => {};
    adapter.onConnect = (connection, attempt) => {
      if (attempt > 1) return undefined;
      if (how.backoff) throw new EngineError('unavailable', 'no such engine');
      if (how.permanent) throw new EngineError('unavailable', 'no such model', { reason: 'model_missing' });
      if (how.loading) connection.health_ = () => ({ state: 'loading' });
      if (how.decoding) connection.preload = () => {};
      return how.connect ? new Promise((resolve) => (arrive = resolve)) : undefined;
    };
    begin();
    await clock.advance(150);
    const unloaded = supervisor.unload();
    await settle();
    arrive();
    await unloaded;
    expect([replica.state, clock.pending]).toEqual(['unloaded', 0]);
    expect(adapter.connections.every(({ closes }) => closes === 1)).toBe(true);
    supervisor.wake();
    await settle();
    expect([replica.state, adapter.attempts, adapter.newest.closes]).toEqual(['ready', 2, 0]);
  });

  it('may be unloaded at the end of its self-tests, and takes no task any more (OC-POOL-3001)', async () => {
    const { begin, metrics, replica, stop, supervisor, told } = supervised();
    const get = metrics.modelLoad.get.bind(metrics.modelLoad);
    let unloading: Promise<void> | undefined;
    metrics.modelLoad.get = () => {
      unloading ??= supervisor.unload();
      return get();
    };
    begin();
    await settle();
    await unloading;
    expect([replica.state, told]).toEqual(['unloaded', []]);
    await stop();
  });

  it('that is woken while it is being unloaded is ended first, then loaded (OC-POOL-3001)', async () => {
    const { adapter, replica, supervisor } = await ready();
    let closed = () => {};
    adapter.newest.onClose = () => new Promise((resolve) => (closed = resolve));
    const unloaded = supervisor.unload();
    await settle();
    supervisor.wake();
    await settle();
    expect([replica.state, adapter.attempts]).toEqual(['unloaded', 1]);
    closed();
    await unloaded;
    await settle();
    expect([replica.state, adapter.attempts]).toEqual(['ready', 2]);
  });

  it('does what the last call says: unloaded, woken and unloaded in one turn, it stays unloaded (OC-POOL-3001)', async () => {
    const { adapter, clock, replica, supervisor } = await ready();
    const first = supervisor.unload();
    supervisor.wake();
    const second = supervisor.unload();
    await Promise.all([first, second]);
    await clock.advance(10_000);
    expect([replica.state, adapter.attempts, adapter.newest.closes]).toEqual(['unloaded', 1, 1]);
  });

  it('may be unloaded twice; both calls wait until the engine is gone (OC-POOL-3001)', async () => {
    const { adapter, supervisor } = await ready();
    let closed = () => {};
    adapter.newest.onClose = () => new Promise((resolve) => (closed = resolve));
    const done: string[] = [];
    const both = [supervisor.unload().then(() => done.push('a')), supervisor.unload().then(() => done.push('b'))];
    await settle();
    expect(done).toEqual([]);
    closed();
    await Promise.all(both);
    expect(done.toSorted()).toEqual(['a', 'b']);
  });

  it('that is stopped while it is being unloaded ends both waits (ORCH-3038)', async () => {
    const { adapter, replica, supervisor, stop } = await ready();
    const unloaded = supervisor.unload();
    const stopped = stop();
    await Promise.all([unloaded, stopped]);
    expect([replica.state, adapter.newest.closes]).toEqual(['stopped', 1]);
    await supervisor.unload();
    supervisor.wake();
    await settle();
    expect(replica.state).toBe('stopped');
  });

  it('that an engine does not let go is unloaded all the same, after a while (ORCH-3038)', async () => {
    const { adapter, clock, replica, supervisor } = await ready();
    adapter.newest.onClose = () => new Promise(() => {});
    const unloaded = supervisor.unload();
    await clock.advance(15_000);
    await unloaded;
    expect(replica.state).toBe('unloaded');
  });

  it('does what the last call says after any calls, and never has two engines (ORCH-3038)', async () => {
    const moves = fc.array(fc.constantFrom('unload', 'wake', 'die', 'moment', 'second'), {
      minLength: 3,
      maxLength: 25,
    });
    await fc.assert(
      fc.asyncProperty(moves, fc.infiniteStream(fc.integer({ min: 0, max: 3000 })), async (calls, delays) => {
        const { adapter, begin, clock, replica, supervisor, stop } = supervised({ breaker: { failures: 1000 } });
        let open = 0;
        const passing = () => pause(delays.next().value ?? 0, clock, NEVER);
        adapter.onConnect = async (connection) => {
          await passing();
          expect(++open).toBe(1);
          connection.onClose = async () => {
            await passing();
            open--;
          };
        };
        begin(true);
        let last = 'unload';
        for (const call of calls) {
          if (call === 'unload') void supervisor.unload();
          if (call === 'wake') supervisor.wake();
          if (call === 'die') adapter.connections.at(-1)?.die();
          if (call === 'moment') await clock.advance(50);
          if (call === 'second') await clock.advance(1000);
          if (call === 'unload' || call === 'wake') last = call;
        }
        await clock.advance(120_000);
        expect(replica.state).toBe(last === 'wake' ? 'ready' : 'unloaded');
        expect(open).toBe(last === 'wake' ? 1 : 0);
        const stopped = stop();
        await clock.advance(10_000);
        await stopped;
        expect([open, clock.pending]).toEqual([0, 0]);
      }),
      { numRuns: 1000, seed: 20_250_107 },
    );
  });
});
