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

/** They change little in a few seconds, and each call costs a hop to another thread. */
const SLOW: ReadonlySet<keyof Optional> = new Set(['temperatureCelsius', 'powerWatts']);
/** Looks at the device for each one at what is slow. */
const SLOW_EVERY = 4;

/** Reads one device; remembers what it does not offer, so that it is not asked for again. */
export class DeviceReader {
  private readonly offered = new Set(Object.keys(READINGS) as (keyof Optional)[]);
  private slow: Optional = {};
  private looks = 0;

  constructor(
    private readonly id: string,
    private readonly handle: Handle,
    /** Devices of different places read what is slow at different times. */
    private readonly place: number,
  ) {}

  /** @throws NvmlError when the memory in use cannot be read, or NVML has to be initialised anew */
  async read(asking: Asking): Promise<GpuSample> {
    // The older form counts what the driver keeps for itself as used: nobody else can have it.
    const [total = 0, , used = 0] = await asking.longs('nvmlDeviceGetMemoryInfo', 3, this.handle);
    const fast = await this.readAll(asking, (name) => !SLOW.has(name));
    if (this.looks === 0 || (this.looks + this.place) % SLOW_EVERY === 0)
      this.slow = await this.readAll(asking, (name) => SLOW.has(name));
    this.looks++;
    return { id: this.id, vramUsedBytes: Math.min(used, total), ...fast, ...this.slow };
  }

  private async readAll(asking: Asking, isMeant: (name: keyof Optional) => boolean): Promise<Optional> {
    let read: Optional = {};
    for (const name of this.offered) if (isMeant(name)) read = { ...read, ...(await this.readOptional(asking, name)) };
    return read;
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
