import { EngineError } from '@llama-orch/plugin-sdk';
import { settle } from '../../test/support/fake-clock.js';
import { ready, supervised } from '../../test/support/supervised.js';

describe('start', () => {
  it('is Ready only after health, description and a decode of one token (OC-POOL-3001, ORCH-3010)', async () => {
    const { adapter, begin, clock, pool, told } = supervised();
    let loaded = false;
    let decoded = false;
    adapter.onConnect = (connection) => {
      connection.health_ = () => ({ state: loaded ? 'ready' : 'loading' });
      connection.preload = (run) => {
        expect(run.request).toMatchObject({ maxTokens: 1, sampling: { temperature: 0 } });
        if (decoded) run.end();
      };
    };
    begin();
    await clock.advance(500);
    expect([pool.state, pool.live, told]).toEqual(['preloading', true, []]);
    loaded = true;
    await clock.advance(100);
    expect([pool.state, pool.ready, told]).toEqual(['preloading', false, []]);
    decoded = true;
    // The first decode never came; its limit passes, and the next start succeeds.
    await clock.advance(62_000);
    expect([pool.state, told]).toEqual(['ready', ['ready p-0']]);
    expect(pool.description?.engineVersion).toBe('fake-1');
  });

  it.each([
    [{}, 100, 500],
    [{ loading_interval_ms: 2000 }, 100, 2000],
    [{ loading_interval_ms: 50 }, 50, 50],
  ])(
    'asks a loading engine often at first, then every loading_interval_ms: %j (OC-POOL-3005)',
    async (probe, first, later) => {
      const { adapter, begin, clock } = supervised({ probe, timeouts: { load_ms: 200_000 } });
      const at: number[] = [];
      adapter.onConnect = (connection) => {
        connection.health_ = () => (at.push(clock.now()), { state: 'loading' });
      };
      begin();
      await clock.advance(100_000);
      expect(at.slice(0, 3)).toEqual([0, first, 2 * first]);
      expect(at.at(-1)! - at.at(-2)!).toBe(later);
    },
  );

  it('gives up on an engine that does not load in time, and closes it (OC-POOL-3002)', async () => {
    const { adapter, begin, clock, pool, replica } = supervised();
    adapter.onConnect = (connection, attempt) => {
      if (attempt === 1) connection.health_ = () => ({ state: 'loading' });
    };
    begin();
    await clock.advance(10_200);
    expect(pool.state).toBe('backoff');
    expect(replica.lastError).toMatchObject({ code: 'timeout', message: expect.stringContaining('load_ms') });
    expect(adapter.newest.closes).toBe(1);
    await clock.advance(1000);
    expect([pool.state, replica.restartCount]).toEqual(['ready', 1]);
  });

  it('fails at once when the engine says that it failed, with its reason (OC-POOL-3002, OC-POOL-3003)', async () => {
    const { adapter, begin, pool, replica } = supervised();
    adapter.onConnect = (connection) => {
      connection.health_ = () => ({ state: 'failed', reason: 'weights do not fit' });
    };
    begin();
    await settle();
    expect([pool.state, replica.lastError?.message]).toEqual(['backoff', 'weights do not fit']);
  });

  it('closes a connection that comes after its limit (OC-POOL-3002)', async () => {
    const { adapter, begin, clock, pool } = supervised();
    let arrive = () => {};
    adapter.onConnect = (_connection, attempt) =>
      attempt === 1 ? new Promise<void>((resolve) => (arrive = resolve)) : undefined;
    begin();
    await clock.advance(10_000);
    expect(pool.state).toBe('backoff');
    arrive();
    await settle();
    expect(adapter.connections.map(({ closes }) => closes)).toEqual([1]);
    await clock.advance(1000);
    expect([pool.state, adapter.newest.closes]).toEqual(['ready', 0]);
  });

  it('refuses a replica whose engine differs from the rest of its pool (OC-CORE-1031)', async () => {
    const { adapter, begin, pool } = supervised({ replicas: 2 });
    adapter.onConnect = (connection) => {
      const { replicaId } = connection.endpoint;
      connection.description = { ...connection.description, engineVersion: `version of ${replicaId}` };
    };
    begin();
    await settle();
    expect(pool.replicas.map(({ state }) => state)).toEqual(['ready', 'backoff']);
    expect(pool.replicas[1]!.lastError?.message).toMatch(/version of p-1.*version of p-0/);
  });
});

describe('restart', () => {
  it('waits 1 s, 2 s, 4 s …, and begins anew after long enough Ready (OC-POOL-3011, ORCH-3053)', async () => {
    const { adapter, begin, clock, replica } = supervised({ breaker: { failures: 100 } });
    adapter.onConnect = (_connection, attempt) => {
      if (attempt <= 3) throw new EngineError('unavailable', 'no such engine');
    };
    begin();
    const at: number[] = [];
    for (let ms = 0; ms <= 8000; ms += 500) {
      await (ms === 0 ? settle() : clock.advance(500));
      while (at.length < adapter.attempts) at.push(ms);
    }
    expect(at).toEqual([0, 1000, 3000, 7000]);
    expect([replica.state, replica.restartCount, replica.epoch]).toEqual(['ready', 3, 4]);
    await clock.advance(300_000);
    adapter.newest.die();
    await clock.advance(1000);
    expect(replica.state).toBe('ready');
  });

  it('stops at the breaker, tells that the pool failed, and tries once when it half opens (OC-POOL-3011)', async () => {
    const { adapter, begin, clock, pool, told } = supervised();
    adapter.onConnect = () => {
      throw new EngineError('unavailable', 'no such engine');
    };
    begin();
    await clock.advance(3000);
    expect([pool.state, adapter.attempts, told]).toEqual(['failed', 3, ['failed']]);
    await clock.advance(299_999);
    expect(adapter.attempts).toBe(3);
    await clock.advance(1);
    expect([pool.state, adapter.attempts, told]).toEqual(['failed', 4, ['failed', 'failed']]);
    adapter.onConnect = () => {};
    await clock.advance(300_000);
    expect([pool.state, told.at(-1)]).toEqual(['ready', 'ready p-0']);
    expect(pool.lastError).toBeUndefined();
  });

  it('counts what it does (OC-POOL-3030)', async () => {
    const { adapter, begin, clock, metrics, logger } = supervised();
    adapter.onConnect = (_connection, attempt) => {
      if (attempt === 1) throw new EngineError('unavailable', 'no such engine', { reason: 'refused' });
    };
    begin();
    await clock.advance(1000);
    const text = await metrics.text();
    expect(text).toContain('llama_orch_preload_total{pool_id="p",result="failed"} 1');
    expect(text).toContain('llama_orch_preload_total{pool_id="p",result="ok"} 1');
    expect(text).toContain('llama_orch_engine_restarts_total{pool_id="p",reason="refused"} 1');
    expect(logger.of('pool_state').map(({ fields }) => fields['state'])).toEqual([
      'starting',
      'backoff',
      'starting',
      'ready',
    ]);
  });
});

describe('watch', () => {
  it('takes a replica out after three failed probes in a row, not after two (OC-POOL-3005)', async () => {
    const { adapter, clock, replica, told } = await ready();
    const connection = adapter.newest;
    connection.health_ = () => ({ state: 'loading' });
    await clock.advance(4000);
    connection.health_ = () => ({ state: 'ready' });
    await clock.advance(2000);
    connection.health_ = () => ({ state: 'loading' });
    await clock.advance(4000);
    expect(replica.ready).toBe(true);
    await clock.advance(2000);
    expect([replica.state, told]).toEqual(['backoff', ['ready p-0', 'lost p-0']]);
    expect(connection.closes).toBe(1);
  });

  it('counts a probe that does not answer within its limit as failed (OC-POOL-3005)', async () => {
    const { adapter, clock, replica } = await ready();
    adapter.newest.health_ = () => new Promise(() => {});
    await clock.advance(3 * 3000);
    expect([replica.state, replica.lastError?.code]).toEqual(['backoff', 'timeout']);
  });

  it('bears with an engine that is too busy for probes as long as it brings tokens (OC-POOL-3005)', async () => {
    const { adapter, clock, replica } = await ready();
    adapter.newest.health_ = () => new Promise(() => {});
    for (let second = 0; second < 20; second++) {
      replica.lastTokenAt = clock.now();
      await clock.advance(1000);
    }
    expect(replica.epoch).toBe(1);
    await clock.advance(15_000);
    expect(replica.epoch).toBe(2);
  });

  it('takes a replica out in the turn in which its engine dies (ORCH-3038, OC-POOL-3010)', async () => {
    const { adapter, clock, replica, told } = await ready();
    adapter.newest.die();
    await settle();
    expect([replica.state, told]).toEqual(['backoff', ['ready p-0', 'lost p-0']]);
    await clock.advance(1000);
    expect([replica.state, replica.epoch, adapter.connections.length]).toEqual(['ready', 2, 2]);
    expect(adapter.connections[0]!.closes).toBe(1);
  });

  it('counts the loss of the last engine as one that took the pool out of service (ORCH-2101, OC-POOL-3030)', async () => {
    const { adapter, clock, metrics } = await ready({ replicas: 2 });
    const [first, second] = adapter.connections;
    const fault = 'drain_events_total{pool_id="p",reason="fault"}';
    first!.die();
    await settle();
    expect(await metrics.text()).not.toContain(fault);
    second!.die();
    await clock.advance(60_000);
    expect(await metrics.text()).toContain(`${fault} 1`);
  });

  it('looks at once at a replica under suspicion: alive, it takes work again (OC-POOL-3010)', async () => {
    const { adapter, supervisor, told } = await ready();
    supervisor.suspect();
    await settle();
    expect([adapter.newest.probes, told]).toEqual([2, ['ready p-0', 'ready p-0']]);
  });

  it('looks at once at a replica under suspicion: one failed probe is enough (OC-POOL-3010)', async () => {
    const { adapter, supervisor, replica } = await ready();
    adapter.newest.health_ = () => ({ state: 'failed', reason: 'driver error' });
    supervisor.suspect();
    await settle();
    expect([replica.state, replica.lastError?.message]).toEqual(['backoff', 'driver error']);
  });

  it('forgets no suspicion that comes while a probe is under way (OC-POOL-3010)', async () => {
    const { adapter, clock, supervisor, told } = await ready();
    let answer = () => {};
    adapter.newest.health_ = () => new Promise((resolve) => (answer = () => resolve({ state: 'ready' })));
    await clock.advance(2000);
    supervisor.suspect();
    answer();
    await settle();
    answer();
    await settle();
    expect(told).toEqual(['ready p-0', 'ready p-0']);
  });

  it('forgets no stuck slot that shows while a probe is under way (ORCH-3017)', async () => {
    const { adapter, clock, supervisor, replica } = await ready();
    let answer = () => {};
    adapter.newest.health_ = () => new Promise((resolve) => (answer = () => resolve({ state: 'ready' })));
    await clock.advance(2000);
    supervisor.giveUp(replica.epoch, 'stuck');
    answer();
    await settle();
    expect([replica.state, replica.lastError?.message]).toEqual(['backoff', 'stuck']);
  });

  it('does not end a new start because of a slot of the one before (ORCH-3017)', async () => {
    const { adapter, clock, supervisor, replica } = await ready();
    adapter.newest.die();
    await clock.advance(1000);
    supervisor.giveUp(1, 'stuck');
    await settle();
    expect([replica.state, replica.epoch]).toEqual(['ready', 2]);
  });

  it('hears nothing of an earlier engine (ORCH-3038)', async () => {
    const { adapter, clock, replica } = await ready();
    adapter.newest.health_ = () => ({ state: 'failed' });
    await clock.advance(7000);
    expect([replica.state, replica.epoch]).toEqual(['ready', 2]);
    adapter.connections[0]!.die();
    await clock.advance(10);
    expect([replica.state, replica.epoch]).toEqual(['ready', 2]);
  });

  it('leaves nothing behind with each look: no timer, no listener (OC-POOL-3005)', async () => {
    const { adapter, clock, supervisor } = await ready();
    const before = clock.pending;
    for (let look = 0; look < 20; look++) {
      supervisor.suspect();
      await settle();
    }
    expect(adapter.newest.probes).toBe(21);
    expect(clock.pending).toBe(before);
  });
});

describe('stop', () => {
  it('closes a running engine once and leaves no timer (ORCH-3038)', async () => {
    const { adapter, clock, stop, replica, told } = await ready();
    await stop();
    expect([replica.state, adapter.newest.closes, told]).toEqual(['stopped', 1, ['ready p-0', 'lost p-0']]);
    expect(clock.pending).toBe(0);
  });

  it.each<readonly [string, { connect?: true; loading?: true; decoding?: true; broken?: true }]>([
    ['connects', { connect: true }],
    ['loads', { loading: true }],
    ['decodes its first token', { decoding: true }],
    ['waits for its restart', { broken: true }],
  ])('ends while the engine %s', async (_when, how) => {
    const { adapter, begin, clock, stop, replica } = supervised();
    let arrive = () => {};
    adapter.onConnect = (connection) => {
      if (how.broken) throw new EngineError('unavailable', 'no such engine');
      if (how.loading) connection.health_ = () => ({ state: 'loading' });
      if (how.decoding) connection.preload = () => {};
      return how.connect ? new Promise((resolve) => (arrive = resolve)) : undefined;
    };
    begin();
    await clock.advance(150);
    await stop();
    arrive();
    await settle();
    expect([replica.state, clock.pending]).toEqual(['stopped', 0]);
    expect(adapter.connections.every(({ closes }) => closes === 1)).toBe(true);
  });

  it('does not wait for ever for an engine that does not close (ORCH-3038)', async () => {
    const { adapter, clock, stop, logger } = await ready();
    adapter.newest.onClose = () => new Promise(() => {});
    const stopped = stop();
    await clock.advance(15_000);
    await stopped;
    expect(logger.lines.at(-1)).toMatchObject({ level: 'error', message: 'the engine did not close' });
  });
});
