import { type Footprint, type GpuRoom } from './placement.js';

/**
 * Devices for a new replica when its strategy has no `fit` of its own: the one with the most free memory that the footprint
 * fits on, the lowest index among equals; with `tensorSplit` all devices given, each with room for its share.
 * The footprint is taken as it is: a margin for safety is added before. A function of its arguments alone.
 * @returns indexes of given devices, undefined when none has room or the split does not name exactly these devices
 */
export function fitMostFree(footprint: Footprint, gpus: readonly GpuRoom[]): readonly number[] | undefined {
  const bytes = footprint.weightsBytes + footprint.kvBytes;
  if (footprint.tensorSplit !== undefined) return fitSplit(bytes, footprint.tensorSplit, gpus);
  const [best] = gpus.filter(({ freeBytes }) => freeBytes >= bytes).toSorted(byFreeMemory);
  return best && [best.index];
}

function fitSplit(bytes: number, shares: readonly number[], gpus: readonly GpuRoom[]): readonly number[] | undefined {
  if (shares.length !== gpus.length || gpus.length === 0) return undefined;
  const fits = gpus.every(({ freeBytes }, place) => freeBytes >= bytes * shares[place]!);
  return fits ? gpus.map(({ index }) => index) : undefined;
}

function byFreeMemory(a: GpuRoom, b: GpuRoom): number {
  return b.freeBytes - a.freeBytes || a.index - b.index;
}
