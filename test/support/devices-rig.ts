import { type EngineEndpoint, fitMostFree } from '@llama-orch/plugin-sdk';
import { Devices } from '../../src/pools/devices/devices.js';
import { GpuInventory } from '../../src/pools/devices/gpu-inventory.js';
import { type HostMemory } from '../../src/pools/devices/host-memory.js';
import { type Launch, type Launcher, NOTHING_TO_LAUNCH } from '../../src/pools/launch.js';
import { type Pool } from '../../src/pools/pool.js';
import { CardProbe, type CardProbeOptions, FakeCard, FOREIGN_PID, GIB } from './fake-cards.js';
import { FakeClock } from './fake-clock.js';
import { poolOf } from './pools.js';
import { QuietLogger } from './quiet-logger.js';

/** The reference workstation. */
export const THE_TWO = () => [new FakeCard(0, 'RTX 3090', 24), new FakeCard(1, 'RTX 3060', 12)];

export interface DevicesRigOptions extends CardProbeOptions {
  readonly cards?: readonly FakeCard[];
  readonly launcher?: Launcher;
}

/** Devices on fake cards and time that stands still. */
export async function devicesRig({
  cards = THE_TWO(),
  launcher = NOTHING_TO_LAUNCH,
  ...probing
}: DevicesRigOptions = {}) {
  const clock = new FakeClock();
  const logger = new QuietLogger();
  const probe = new CardProbe(cards, probing);
  const host: { memory: HostMemory } = { memory: { totalBytes: 32 * GIB, availableBytes: 16 * GIB } };
  const inventory = new GpuInventory({ clock, logger, open: async () => probe }, 1000);
  const devices = new Devices({
    ...{ clock, logger, inventory, fit: fitMostFree },
    readHostMemory: () => host.memory,
    isOurs: (pid) => pid !== FOREIGN_PID,
  });
  await devices.start();
  const claims = devices.launcher(launcher);
  return {
    ...{ cards, clock, devices, host, inventory, logger, probe },
    /** A pool as `devices` fits it. */
    pool: async (id: string, facts: Record<string, unknown> = {}): Promise<Pool> => {
      const config = { model: `model of ${id}`, ...facts };
      const { config: parsed } = poolOf(id, { config, description: null });
      return poolOf(id, {
        config: { ...config, replicas: (await devices.fitted(parsed)).replicas },
        description: null,
      });
    },
    launch: (pool: Pool, replica = 0, stop: AbortSignal = new AbortController().signal): Promise<Launch> =>
      claims.launch(pool, pool.replicas[replica]!.endpoint, stop),
  };
}

/** Indexes of the devices that a start was given. */
export function devicesOf({ devices = [] }: EngineEndpoint): readonly number[] {
  return devices.map((id) => Number(id.slice('GPU-'.length)));
}
