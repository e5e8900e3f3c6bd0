import type { Plugin, PluginDefinition } from './plugin.js';

/** One device that engines may compute on: a whole GPU, or a slice of one. */
export interface GpuDevice {
  /** Stays the same over restarts, such as `GPU-…` or `MIG-…`; what `CUDA_VISIBLE_DEVICES` accepts. */
  readonly id: string;
  /** What operators write in `devices`: whole GPUs from 0 in the driver's order, slices after them. */
  readonly index: number;
  readonly name: string;
  readonly vramTotalBytes: number;
  /** The GPU that a slice belongs to. Absent for a whole GPU. */
  readonly parentId?: string;
}

/** What was seen of one device at one moment. An optional member that is absent was not offered. */
export interface GpuSample {
  /** {@link GpuDevice.id} */
  readonly id: string;
  /** In use by anybody, in bytes. */
  readonly vramUsedBytes: number;
  /** 0 to 100. */
  readonly utilizationPercent?: number;
  readonly temperatureCelsius?: number;
  readonly powerWatts?: number;
  /** Uncorrected memory errors since the driver was loaded. */
  readonly eccErrors?: number;
  /** Times that the driver gave the device up or reset it (Xid 79, 48, 63, …), since the probe was opened. */
  readonly resets?: number;
  /** Memory by process, as far as the driver tells; tells ours from foreign. */
  readonly processes?: readonly GpuProcess[];
}

export interface GpuProcess {
  readonly pid: number;
  readonly vramUsedBytes: number;
}

/** Tells which devices there are and how they are. The host calls one member at a time and bounds each call. */
export interface GpuProbe {
  /**
   * Devices in the order of their index; empty where the machine has none.
   * @throws Error when the driver does not answer: the host keeps what it knew
   */
  inventory(signal: AbortSignal): Promise<readonly GpuDevice[]>;
  /**
   * Samples of those devices that could be read; a declared device has none.
   * @throws Error when the driver does not answer
   */
  sample(signal: AbortSignal): Promise<readonly GpuSample[]>;
  /** Frees every resource, children included. Calling twice is harmless. */
  close(): Promise<void>;
}

export type GpuProbePlugin<Options = unknown> = Plugin<'gpu-probe', Options, GpuProbe>;

/** Declares a GPU probe: the default export of its package. `create` throws when the machine offers no such source. */
export function defineGpuProbe<Options>(definition: PluginDefinition<Options, GpuProbe>): GpuProbePlugin<Options> {
  return { ...definition, kind: 'gpu-probe' };
}
