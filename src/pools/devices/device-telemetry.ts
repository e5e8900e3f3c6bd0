import { type Metrics } from '../../observability/metrics.js';
import { type Pool } from '../pool.js';
import { type DeviceView, type Devices } from './devices.js';
import { COUNTS_MS, type GpuInventory } from './gpu-inventory.js';

const REPLICA = ['engine', 'engine_version', 'pool_id', 'replica_id', 'device'] as const;

/** Series of GPUs; they are there only where GPUs are looked at. `pools` are those that run on them. */
export function showDevices(devices: Devices, metrics: Metrics, pools: readonly Pool[]): void {
  const { inventory } = devices;
  const series = newSeries(metrics);
  countEnergy(inventory, (device, joules) => series.energy.inc({ device }, joules));
  metrics.beforeScrape(() => {
    for (const gauge of [series.up, series.memory, series.utilization, series.used]) gauge.reset();
    for (const view of devices.all) showDevice(series, view, inventory.isUp);
    for (const pool of pools) showPool(series, devices, pool);
  });
}

type Series = ReturnType<typeof newSeries>;

function newSeries(metrics: Metrics) {
  return {
    utilization: metrics.gauge('gpu_utilization', 'How busy the GPU is, in percent.', REPLICA),
    used: metrics.gauge('vram_used_bytes', 'Memory of the GPU in use by anybody.', REPLICA),
    up: metrics.gauge('llama_orch_gpu_up', '1 while the last sample of the GPU counts.', ['device']),
    memory: metrics.gauge('llama_orch_gpu_memory_bytes', 'Memory of the GPU as it is accounted.', ['device', 'state']),
    energy: metrics.counter('llama_orch_energy_joules_total', 'Energy that the GPU has used.', ['device']),
  };
}

function showDevice({ up, memory }: Series, { device, freshness, room, sample }: DeviceView, isUp: boolean): void {
  const label = String(device.index);
  // A declared device is never sampled; it is up for as long as its declaration can be read.
  up.set({ device: label }, freshness !== 'unknown' || (sample === undefined && isUp) ? 1 : 0);
  memory.set({ device: label, state: 'total' }, device.vramTotalBytes);
  if (room === undefined) return;
  memory.set({ device: label, state: 'predicted' }, room.predictedBytes);
  memory.set({ device: label, state: 'free' }, room.freeBytes);
  if (room.observedBytes === undefined) return;
  memory.set({ device: label, state: 'observed' }, room.observedBytes);
  memory.set({ device: label, state: 'foreign' }, room.foreignBytes);
}

function showPool({ utilization, used }: Series, devices: Devices, pool: Pool): void {
  for (const replica of pool.replicas) {
    const engine_version = replica.description?.engineVersion ?? '';
    for (const { device, sample, freshness } of devices.ofReplica(pool, replica.id)) {
      if (sample === undefined || freshness === 'unknown') continue;
      const labels = {
        ...{ engine: pool.engine, engine_version, pool_id: pool.id, replica_id: replica.id },
        device: String(device.index),
      };
      used.set(labels, sample.vramUsedBytes);
      if (sample.utilizationPercent !== undefined) utilization.set(labels, sample.utilizationPercent);
    }
  }
}

/** Power between two looks, times the time between them; a gap in which nobody looked counts for nothing. */
function countEnergy(inventory: GpuInventory, add: (device: string, joules: number) => void): void {
  const lastAt = new Map<string, number>();
  const changed = () => {
    for (const { device, sample, sampledAt: at } of inventory.devices) {
      if (at === undefined || sample?.powerWatts === undefined) continue;
      const seconds = (at - (lastAt.get(device.id) ?? at)) / 1000;
      lastAt.set(device.id, at);
      if (seconds > 0 && seconds * 1000 <= COUNTS_MS) add(String(device.index), sample.powerWatts * seconds);
    }
  };
  inventory.listen({ changed });
}
