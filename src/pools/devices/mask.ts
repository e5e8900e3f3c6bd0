import { type GpuDevice } from '@llama-orch/plugin-sdk';
import { type PoolConfig } from '../../config/index.js';

/** True for pools whose engines are started here and compute on GPUs: their devices are ours to choose. */
export function choosesDevices({ device, endpoint }: PoolConfig): boolean {
  return device === 'gpu' && endpoint === undefined;
}

/** Devices that engines can compute on: a GPU that is cut into slices has no memory of its own left. */
export function usable(devices: readonly GpuDevice[]): readonly GpuDevice[] {
  const parents = new Set(devices.map(({ parentId }) => parentId));
  return devices.filter(({ id }) => !parents.has(id));
}

/** Those of the devices that the pool may use, in the order of its mask; all of them without one. */
export function maskOf(
  { devices: mask }: Pick<PoolConfig, 'devices'>,
  devices: readonly GpuDevice[],
): readonly GpuDevice[] {
  if (mask === undefined) return usable(devices);
  return mask.flatMap((index) => devices.find((device) => device.index === index) ?? []);
}

/** Share of a replica on each of `count` devices; undefined: it takes one device. */
export function sharesOf(
  { tensor_split, homogeneous }: Pick<PoolConfig, 'tensor_split' | 'homogeneous'>,
  count: number,
): readonly number[] | undefined {
  if (tensor_split !== undefined) return tensor_split;
  return homogeneous ? Array.from({ length: count }, () => 1 / count) : undefined;
}

/**
 * How many replicas the pool has on these devices, each of which needs `bytes`. A device that could not carry one if it
 * were empty gets none; where no device could, the one replica says so.
 */
export function replicasOn({ replicas }: PoolConfig, mask: readonly GpuDevice[], bytes = 0): number {
  const large = mask.filter(({ vramTotalBytes }) => vramTotalBytes >= bytes);
  return replicas === 'per-device' ? Math.max(1, large.length) : replicas;
}

/** What is wrong with what the pool says of its devices; undefined when nothing is. */
export function deviceProblem(config: PoolConfig, devices: readonly GpuDevice[]): string | undefined {
  const missing = config.devices?.find((index) => devices.every((device) => device.index !== index));
  if (missing !== undefined) return `devices names GPU ${missing}, but this machine has ${named(devices)}`;
  const mask = maskOf(config, devices);
  const cut = mask.find((device) => !usable(devices).includes(device));
  if (cut !== undefined) return `devices names GPU ${cut.index}, which is cut into slices; name the slices`;
  const { tensor_split: shares } = config;
  if (shares !== undefined && shares.length !== mask.length)
    return `tensor_split has ${shares.length} shares, but its devices are ${named(mask)}; give one share for each`;
  if (config.homogeneous && !areAlike(mask))
    return `homogeneous says that its devices are alike, but they are ${named(mask)}; give tensor_split instead`;
  return undefined;
}

function areAlike(devices: readonly GpuDevice[]): boolean {
  return devices.every(({ name, vramTotalBytes }) => {
    const [first] = devices;
    return name === first!.name && vramTotalBytes === first!.vramTotalBytes;
  });
}

function named(devices: readonly GpuDevice[]): string {
  return devices.map(({ index, name }) => `GPU ${index} (${name})`).join(', ') || 'no GPU';
}
