import { type PoolHealth } from '@llama-orch/client';
import { type DeviceView, type Devices } from '../pools/devices/devices.js';
import { type Pool } from '../pools/pool.js';

type Gpu = PoolHealth['metrics']['gpu'][number];
type ReplicaHealth = PoolHealth['replicas'][number];

/** The GPUs that a pool may use, as its health tells them. */
export function gpuViews(devices: Devices, pool: Pool): Gpu[] {
  return devices.ofPool(pool).map(({ device, freshness, sample }) => ({
    device: device.index,
    name: device.name,
    state: freshness,
    vram_total_bytes: device.vramTotalBytes,
    ...(freshness === 'unknown' || sample === undefined ? {} : seen(sample)),
  }));
}

function seen(sample: NonNullable<DeviceView['sample']>): Partial<Gpu> {
  const { utilizationPercent, temperatureCelsius, powerWatts } = sample;
  return {
    vram_used_bytes: sample.vramUsedBytes,
    ...(utilizationPercent === undefined ? {} : { utilization: utilizationPercent }),
    ...(temperatureCelsius === undefined ? {} : { temperature: temperatureCelsius }),
    ...(powerWatts === undefined ? {} : { power: powerWatts }),
  };
}

/** The devices that a replica runs on, and their memory. */
export function replicaDevices(
  devices: Devices,
  pool: Pool,
  replicaId: string,
): Pick<ReplicaHealth, 'device_mask' | 'vram_total_bytes' | 'vram_free_bytes'> {
  const views = devices.ofReplica(pool, replicaId);
  const sum = (bytes: (view: DeviceView) => number) =>
    views.length === 0 ? null : views.reduce((total, view) => total + bytes(view), 0);
  return {
    device_mask: views.map(({ device }) => device.index),
    vram_total_bytes: sum(({ device }) => device.vramTotalBytes),
    vram_free_bytes: sum(({ room }) => room?.freeBytes ?? 0),
  };
}

/** Present where replicas are started with a smaller cache than configured. */
export function kvCap(devices: Devices, pool: Pool): Pick<PoolHealth, 'kv_cap'> {
  const cap = devices.capOf(pool);
  return cap === undefined ? {} : { kv_cap: { slots: cap.slots, ctx: cap.contextTokens } };
}
