import { EngineError } from '@llama-orch/plugin-sdk';
import { settle } from '../../test/support/fake-clock.js';
import { ready } from '../../test/support/supervised.js';
import { parseConfig } from '../config/index.js';
import { NOTHING_TO_LAUNCH } from './launch.js';
import { type Decode } from './silence.js';

const PATIENT = { probe: { interval_ms: 2000, timeout_ms: 1000, fail_threshold: 5, heartbeat_stale_ms: 10_000 } };

function decoding(startedAt: number, more: Partial<Decode> = {}): Decode {
  return { startedAt, lastSignAt: startedAt, hasDecoded: true, stopped: false, ...more };
}

describe('a heartbeat', () => {
  it('that is too old makes the replica Unready, before its probes have failed often enough (OC-POOL-3005)', async () => {
    const { adapter, clock, logger, pool, replica, told } = await ready(PATIENT);
    adapter.newest.health_ = () => new Promise(() => {});
    await clock.advance(9_999);
    expect([replica.ready, told]).toEqual([true, ['ready p-0']]);
    await clock.advance(1);
    expect([replica.state, pool.live, pool.ready, pool.state, told]).toEqual([
      'unready',
      false,
      false,
      'backoff',
      ['ready p-0', 'lost p-0'],
    ]);
    expect(replica.lastError).toMatchObject({ code: 'timeout', reason: 'heartbeat_stale' });
    expect(logger.of('pool_state').at(-1)?.fields).toMatchObject({ state: 'unready', reason: 'heartbeat_stale' });
  });

  it('that comes again makes it Ready without a restart (OC-POOL-3005)', async () => {
    const { adapter, clock, replica, told } = await ready(PATIENT);
    adapter.newest.health_ = () => new Promise(() => {});
    await clock.advance(11_000);
    adapter.newest.health_ = () => ({ state: 'ready' });
    await clock.advance(3_000);
    expect([replica.state, replica.epoch, replica.lastError]).toEqual(['ready', 1, undefined]);
    expect(told).toEqual(['ready p-0', 'lost p-0', 'ready p-0']);
  });

  it('that does not come again ends the engine at the threshold, and it is started anew (OC-POOL-3005)', async () => {
    const { adapter, clock, replica } = await ready(PATIENT);
    const [first] = adapter.connections;
    first!.health_ = () => new Promise(() => {});
    await clock.advance(5 * 3000);
    expect([replica.state, first!.closes]).toEqual(['backoff', 1]);
    await clock.advance(1000);
    expect([replica.state, replica.epoch]).toEqual(['ready', 2]);
  });

  it('is also a token: an engine that brings some is not silent (OC-POOL-3005)', async () => {
    const { adapter, clock, replica, told } = await ready(PATIENT);
    adapter.newest.health_ = () => new Promise(() => {});
    for (let second = 0; second < 60; second++) {
      replica.brought(clock.now());
      await clock.advance(1000);
    }
    expect([replica.ready, told]).toEqual([true, ['ready p-0']]);
  });

  it('leaves no timer behind when the replica is stopped while it is silent (OC-POOL-3005)', async () => {
    const { adapter, clock, replica, stop } = await ready(PATIENT);
    adapter.newest.health_ = () => new Promise(() => {});
    await clock.advance(11_000);
    await stop();
    expect([replica.state, clock.pending]).toEqual(['stopped', 0]);
  });
});

describe('an engine whose probes are well', () => {
  const HANGING = { slots: 2, probe: { progress_ms: 20_000 } };

  it.each([
    [{}, 30_000],
    [{ timeouts: { idle_ms: 90_000 } }, 90_000],
    [{ timeouts: { idle_ms: 90_000 }, probe: { progress_ms: 5_000 } }, 5_000],
  ])(
    'may be silent for as long as one of its tasks may, unless progress_ms says otherwise: %j (OC-POOL-3005)',
    (facts, ms) => {
      const [pool] = parseConfig({ pools: [{ id: 'p', engine: 'fake', model: 'm', ...facts }] }).pools;
      expect(pool?.probe.progress_ms).toBe(ms);
    },
  );

  it('but whose decodes hang in all slots is found within the limit (OC-POOL-3005)', async () => {
    const { clock, logger, replica } = await ready(HANGING);
    replica.decodes.add(decoding(clock.now())).add(decoding(clock.now()));
    await clock.advance(17_000);
    expect(replica.ready).toBe(true);
    await clock.advance(3_000);
    expect(logger.of('pool_state').map(({ fields }) => fields['reason'])).toContain('hung');
  });

  it('is asked for one token where a slot is free, and is left alone when it brings it (OC-POOL-3005)', async () => {
    const { adapter, clock, replica } = await ready(HANGING);
    let asked = 0;
    adapter.newest.canary = (run) => {
      asked++;
      run.end();
    };
    replica.decodes.add(decoding(clock.now()));
    await clock.advance(60_000);
    expect([replica.ready, replica.epoch]).toEqual([true, 1]);
    expect(asked).toBeGreaterThan(2);
  });

  it('and that does not bring that token is found within the limit (OC-POOL-3005)', async () => {
    const { adapter, clock, logger, replica } = await ready(HANGING);
    adapter.newest.canary = () => {};
    replica.decodes.add(decoding(clock.now()));
    await clock.advance(20_000);
    expect(logger.of('pool_state').map(({ fields }) => fields['reason'])).toContain('hung');
  });

  it('but that let a task run into its limit is asked for one token (OC-POOL-3005)', async () => {
    const { adapter, clock, replica } = await ready(HANGING);
    adapter.newest.canary = (run) => run.fail(new EngineError('reset', 'gone'));
    replica.cutOff = 1;
    await clock.advance(2_000);
    expect(replica.lastError).toMatchObject({ reason: 'hung' });
  });
});

describe('an engine that breaks a run', () => {
  /** A launcher that remembers what it was told. */
  function remembering() {
    const failures: (string | undefined)[] = [];
    const launcher: typeof NOTHING_TO_LAUNCH = {
      launch: async (pool, endpoint, stop) => ({
        ...(await NOTHING_TO_LAUNCH.launch(pool, endpoint, stop)),
        failed: (error) => void failures.push(error.memory ?? error.code),
      }),
    };
    return { failures, launcher };
  }

  it.each(['driver_reset', 'ecc_error'])(
    'by a %s is lost at once, whatever its probes say (OC-POOL-3010, ORCH-3053)',
    async (reason) => {
      const { metrics, replica, supervisor } = await ready();
      supervisor.suspect({ epoch: 1, error: new EngineError('reset', 'Xid 79', { reason }) });
      await settle();
      expect([replica.state, replica.lastError?.reason]).toEqual(['backoff', reason]);
      const series = reason === 'driver_reset' ? 'llama_orch_driver_resets_total 1' : 'llama_orch_ecc_errors_total 1';
      expect(await metrics.text()).toContain(series);
    },
  );

  it('by exhausted VRAM tells the launcher once, so that its estimate can follow, and lives on (ORCH-3039, OC-POOL-3030)', async () => {
    const { failures, launcher } = remembering();
    const { metrics, replica, supervisor } = await ready({}, launcher);
    const error = new EngineError('out-of-memory', 'no room', { memory: 'vram' });
    for (let run = 0; run < 4; run++) supervisor.suspect({ epoch: 1, error });
    await settle();
    expect([replica.ready, failures]).toEqual([true, ['vram']]);
    expect(await metrics.text()).toContain('llama_orch_oom_total{kind="vram"} 1');
  });

  it('of an earlier start says nothing about this one (ORCH-4505)', async () => {
    const { failures, launcher } = remembering();
    const { adapter, clock, replica, supervisor } = await ready({}, launcher);
    adapter.newest.die();
    await clock.advance(1000);
    supervisor.suspect({ epoch: 1, error: new EngineError('reset', 'Xid 79', { reason: 'driver_reset' }) });
    await settle();
    expect([replica.ready, replica.epoch, failures]).toEqual([true, 2, ['reset']]);
  });
});

describe('a start that fails', () => {
  it.each([
    ['vram', 'vram_exhausted'],
    ['host', 'host_memory_exhausted'],
  ] as const)('for lack of memory says which: %s (ORCH-3039, OC-POOL-3030)', async (memory, reason) => {
    const { adapter, clock, logger, metrics, replica } = await ready();
    adapter.onConnect = (connection) => {
      const error = new EngineError('out-of-memory', 'no room', { memory, reason: 'alloc' });
      connection.health_ = () => ({ state: 'failed', error });
    };
    adapter.newest.die();
    await clock.advance(1000);
    expect(replica.lastError).toMatchObject({ code: 'out-of-memory', reason, self_test: 'preload' });
    expect(logger.of('preload').at(-1)?.fields).toMatchObject({ result: 'failed', reason, device_mask: [] });
    await clock.advance(2000);
    const text = await metrics.text();
    expect(text).toContain(`llama_orch_oom_total{kind="${memory}"} 2`);
    expect(text).toContain(`llama_orch_engine_restarts_total{pool_id="p",reason="${reason}"} 1`);
  });

  it('for a reason that no retry can mend burns no restart: failed at once, tried again when the breaker half opens (OC-POOL-3002, OC-POOL-3011)', async () => {
    const { adapter, clock, replica, told } = await ready();
    adapter.onConnect = () => {
      throw new EngineError('unavailable', 'The model file x is not there.', { reason: 'model_missing' });
    };
    adapter.newest.die();
    await clock.advance(1000);
    expect([replica.state, replica.breaker, adapter.attempts, told.at(-1)]).toEqual(['failed', 'open', 2, 'failed']);
    await clock.advance(299_999);
    expect(adapter.attempts).toBe(2);
    adapter.onConnect = () => {};
    await clock.advance(1);
    expect([replica.state, replica.breaker, replica.restartCount]).toEqual(['ready', 'closed', 2]);
  });
});
