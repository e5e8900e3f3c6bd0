import { EngineError } from '@llama-orch/plugin-sdk';
import { devicesRig } from '../../../test/support/devices-rig.js';
import { GIB } from '../../../test/support/fake-cards.js';
import { FakeAdapter } from '../../../test/support/fake-engine.js';
import { parseConfig } from '../../config/index.js';
import { SeededRandom } from '../../kernel/random.js';
import { Metrics } from '../../observability/metrics.js';
import { NOTHING_TO_LAUNCH } from '../launch.js';
import { Pool } from '../pool.js';
import { Supervisor } from '../supervisor.js';

/** One replica under supervision, on the two cards. */
async function supervised(facts: object = {}) {
  const rig = await devicesRig();
  const { clock, devices, logger } = rig;
  const adapter = new FakeAdapter();
  const entry = { id: 'p', engine: 'fake', model: 'm', footprint_gib: 10, devices: [0], backoff: { jitter: 0 } };
  const { pools } = parseConfig({ pools: [{ ...entry, ...facts }] });
  const pool = new Pool(await devices.fitted(pools[0]!), adapter);
  const quiet = () => {};
  const supervisor = new Supervisor(pool, pool.replicas[0]!, {
    ...{ clock, random: new SeededRandom(1), logger, metrics: new Metrics() },
    listener: { replicaReady: quiet, replicaLost: quiet, poolFailed: quiet },
    launcher: devices.launcher(NOTHING_TO_LAUNCH),
  });
  supervisor.start();
  await clock.advance(100);
  const free = () => devices.all[0]!.room!.freeBytes / GIB;
  return { ...rig, adapter, free, pool, replica: pool.replicas[0]!, supervisor };
}

describe('A supervised replica on a GPU', () => {
  it('holds its memory from before its engine starts until it has ended', async () => {
    const { adapter, clock, free, pool, supervisor } = await supervised();
    expect([pool.state, free(), adapter.newest.endpoint.devices]).toEqual(['ready', 14, ['GPU-0']]);
    const stopping = supervisor.stop();
    await clock.advance(100);
    await stopping;
    expect([pool.state, free()]).toEqual(['stopped', 24]);
  });

  it.each([
    ['driver_reset', { resets: 1 }],
    ['ecc_error', { eccErrors: 1 }],
  ])(
    'is taken out of service and started anew after a fault of its device: %s (ORCH-3053, OC-POOL-3010)',
    async (reason, fault) => {
      const { adapter, clock, free, probe, replica } = await supervised();
      probe.faults[0] = fault;
      await clock.advance(1100);
      expect([replica.state, replica.lastError]).toMatchObject(['backoff', { code: 'reset', reason }]);
      expect([adapter.newest.closes, free()]).toEqual([1, 24]);
      await clock.advance(1500);
      expect([replica.state, replica.restartCount, free()]).toEqual(['ready', 1, 14]);
    },
  );

  it('waits in backoff while others hold the memory, and starts when they leave (ORCH-3002-v31, OC-POOL-3002)', async () => {
    const { cards, clock, pool, replica } = await supervised({ footprint_gib: 20, breaker: { failures: 1000 } });
    await clock.advance(1000);
    cards[0]!.setForeign(10 * GIB);
    replica.connection!.close = () => Promise.resolve();
    const lost = replica.connection as unknown as { die(): void };
    lost.die();
    await clock.advance(10_000);
    expect([pool.state, replica.lastError]).toMatchObject([
      'backoff',
      { code: 'out-of-memory', reason: 'too_little_memory' },
    ]);
    cards[0]!.setForeign(0);
    await clock.advance(20_000);
    expect([pool.state, replica.lastError]).toEqual(['ready', undefined]);
  });

  it('that ran out of memory is expected to fit less well, and is told apart from one without room (ORCH-3039)', async () => {
    const world = await supervised({ footprint_gib: 20.5, breaker: { failures: 1000 } });
    const { adapter, clock, replica } = world;
    adapter.onConnect = (_connection, attempt) => {
      if (attempt === 2) throw new EngineError('out-of-memory', 'cudaMalloc failed', { memory: 'vram' });
    };
    adapter.newest.die();
    await clock.advance(1000);
    expect(replica.lastError).toBeDefined();
    await clock.advance(1000);
    expect(replica.lastError).toMatchObject({ reason: 'vram_exhausted' });
    await clock.advance(5000);
    expect([replica.state, replica.lastError?.reason]).toEqual(['backoff', 'too_little_memory']);
    expect(world.devices.all[0]!.room!.capacityBytes / GIB).toBeCloseTo(21.6);
  });
});
