import { type GpuSample } from '@llama-orch/plugin-sdk';
import { type Asking, type Handle } from './asking.js';
import { isNotOffered, NvmlError } from './codes.js';
import { readProcesses } from './processes.js';

type Optional = Omit<GpuSample, 'id' | 'vramUsedBytes' | 'resets'>;
type Reading = (asking: Asking, handle: Handle) => Promise<Optional>;

const GPU_SENSOR = 0;
const UNCORRECTED = 1;
const SINCE_DRIVER_LOAD = 0;
const MILLIWATTS = 1_000;

/** What not every device tells, by the name it has in a sample. */
const READINGS: Readonly<Record<keyof Optional, Reading>> = {
  async utilizationPercent(asking, handle) {
    const gpuAndMemory = new Uint32Array(2);
    await asking.library.demand('nvmlDeviceGetUtilizationRates', [handle, gpuAndMemory], asking.signal);
    return { utilizationPercent: Math.min(100, gpuAndMemory[0] ?? 0) };
  },
  async temperatureCelsius(asking, handle) {
    return { temperatureCelsius: await asking.uint('nvmlDeviceGetTemperature', handle, GPU_SENSOR) };
  },
  async powerWatts(asking, handle) {
    return { powerWatts: (await asking.uint('nvmlDeviceGetPowerUsage', handle)) / MILLIWATTS };
  },
  async eccErrors(asking, handle) {
    const kind = [UNCORRECTED, SINCE_DRIVER_LOAD] as const;
    const [eccErrors = 0] = await asking.longs('nvmlDeviceGetTotalEccErrors', 1, handle, ...kind);
    return { eccErrors };
  },
  async processes(asking, handle) {
    return { processes: await readProcesses(asking, handle) };
  },
};

/** Reads one device; remembers what it does not offer, so that it is not asked for again. */
export class DeviceReader {
  private readonly offered = new Set(Object.keys(READINGS) as (keyof Optional)[]);

  constructor(
    private readonly id: string,
    private readonly handle: Handle,
  ) {}

  /** @throws NvmlError when the memory in use cannot be read, or NVML has to be initialised anew */
  async read(asking: Asking): Promise<GpuSample> {
    // The older form counts what the driver keeps for itself as used: nobody else can have it.
    const [total = 0, , used = 0] = await asking.longs('nvmlDeviceGetMemoryInfo', 3, this.handle);
    let sample: GpuSample = { id: this.id, vramUsedBytes: Math.min(used, total) };
    for (const name of this.offered) sample = { ...sample, ...(await this.readOptional(asking, name)) };
    return sample;
  }

  private async readOptional(asking: Asking, name: keyof Optional): Promise<Optional> {
    try {
      return await READINGS[name](asking, this.handle);
    } catch (error) {
      if (!(error instanceof NvmlError) || error.endsSession) throw error;
      if (isNotOffered(error.code)) this.offered.delete(name);
      return {};
    }
  }
}
