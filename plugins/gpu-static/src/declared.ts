import { type GpuDevice } from '@llama-orch/plugin-sdk';
import { type StaticOptions } from './options.js';

const GIBIBYTE = 2 ** 30;

/** The inventory that an operator declared, in the order of the index. */
export function declaredDevices({ devices }: StaticOptions): readonly GpuDevice[] {
  return devices
    .map(({ name, vram_gib = 0, vram_bytes, index }, place) => ({
      id: `static-${index ?? place}`,
      index: index ?? place,
      name,
      vramTotalBytes: vram_bytes ?? Math.round(vram_gib * GIBIBYTE),
    }))
    .sort((a, b) => a.index - b.index);
}
