import { EngineError } from '@llama-orch/plugin-sdk';
import { type DeviceOffer } from './choice.js';
import { GIB } from './footprints.js';
import { MARGIN } from './kv-cap.js';

/** The pool computes on GPUs and there is none that it may use. It never runs elsewhere instead. */
export function noGpu(poolId: string, mask: readonly number[] | undefined, found: number): EngineError {
  const wanted = mask === undefined ? 'a GPU' : `one of the GPUs ${mask.join(', ')}`;
  const message =
    `pool ${poolId} needs ${wanted}, and this machine shows ${found === 0 ? 'none' : `${found} others`}; ` +
    'check the driver with nvidia-smi, or declare device: cpu';
  return new EngineError('unavailable', message, { reason: 'no_gpu' });
}

export function noVram(replicaId: string, bytes: number, offers: readonly DeviceOffer[]): EngineError {
  const free = offers.map(
    ({ device, freeBytes }) => `${gib(freeBytes)} of ${gib(device.vramTotalBytes)} on GPU ${device.index}`,
  );
  const message = `replica ${replicaId} needs ${gib(bytes * MARGIN)} of GPU memory; free are ${free.join(', ')}; ${ADVICE}`;
  return new EngineError('out-of-memory', message, { reason: 'no_vram', memory: 'vram' });
}

export function noHostMemory(replicaId: string, bytes: number, freeBytes: number): EngineError {
  const message = `replica ${replicaId} needs ${gib(bytes * MARGIN)} of memory; free are ${gib(freeBytes)}; ${ADVICE}`;
  return new EngineError('out-of-memory', message, { reason: 'no_ram', memory: 'host' });
}

const ADVICE = 'free memory, lower ctx or slots, or choose smaller weights';

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
