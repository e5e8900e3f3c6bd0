import { type GpuDevice, type GpuProbe, type GpuSample } from '@llama-orch/plugin-sdk';
import { Asking } from './asking.js';
import { NvmlError } from './codes.js';
import { NvmlLibrary } from './library.js';
import { listDevices } from './listing.js';
import { DeviceReader } from './readings.js';
import { ResetCounts } from './resets.js';

const OPEN_MS = 5_000;
const CLOSE_MS = 1_000;

/** The GPUs of this machine as the driver's library tells of them. */
export class NvmlProbe implements GpuProbe {
  private readonly resets = new ResetCounts();
  private isInitialised = true;
  /** One per reachable device; undefined until devices were listed in this session. */
  private readers: readonly DeviceReader[] | undefined;
  /** A device failed: after a reset it answers to a new session only. */
  private hasFailed = false;
  /** Stays over failures, so that indexes keep their meaning. */
  private known: readonly GpuDevice[] = [];

  private constructor(private readonly library: NvmlLibrary) {}

  /** @throws Error when the library cannot be loaded, or the driver does not answer */
  static async open(library: string): Promise<NvmlProbe> {
    const loaded = await NvmlLibrary.load(library);
    try {
      await loaded.initialise(AbortSignal.timeout(OPEN_MS));
    } catch (error) {
      void loaded.close();
      throw error;
    }
    return new NvmlProbe(loaded);
  }

  async inventory(signal: AbortSignal): Promise<readonly GpuDevice[]> {
    if (this.hasFailed) this.endSession();
    return this.attempt(signal, async (asking) => {
      await this.list(asking);
      return this.known;
    });
  }

  async sample(signal: AbortSignal): Promise<readonly GpuSample[]> {
    return this.attempt(signal, async (asking) => {
      const readers = this.readers ?? (await this.list(asking));
      await this.resets.collect(asking);
      return this.readAll(asking, readers);
    });
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS)));
    await Promise.race([this.library.close(), late]);
    clearTimeout(timer);
  }

  /** Runs with NVML initialised; what ends the session makes the next call initialise it again. */
  private async attempt<Value>(signal: AbortSignal, run: (asking: Asking) => Promise<Value>): Promise<Value> {
    const asking = new Asking(this.library, signal);
    try {
      if (!this.isInitialised) await this.library.initialise(signal);
      this.isInitialised = true;
      return await run(asking);
    } catch (error) {
      if (error instanceof NvmlError) this.endSession();
      throw error;
    }
  }

  private endSession(): void {
    this.isInitialised = false;
    this.readers = undefined;
    this.hasFailed = false;
    this.resets.forgetSession();
  }

  private async list(asking: Asking): Promise<readonly DeviceReader[]> {
    const listed = await listDevices(asking, this.known);
    await this.resets.watch(asking, listed);
    this.known = listed.map(({ device }) => device);
    this.readers = listed.flatMap(({ device, handle }) =>
      handle === undefined ? [] : [new DeviceReader(device.id, handle, device.index)],
    );
    return this.readers;
  }

  /** Leaves out what cannot be read. @throws NvmlError when no device can */
  private async readAll(asking: Asking, readers: readonly DeviceReader[]): Promise<GpuSample[]> {
    const samples: GpuSample[] = [];
    let failure: NvmlError | undefined;
    for (const reader of readers) {
      try {
        samples.push(this.withResets(await reader.read(asking)));
      } catch (error) {
        if (!(error instanceof NvmlError) || error.endsSession) throw error;
        this.hasFailed = true;
        failure ??= error;
      }
    }
    if (failure && samples.length === 0) throw failure;
    return samples;
  }

  private withResets(sample: GpuSample): GpuSample {
    const resets = this.resets.of(sample.id);
    return resets === undefined ? sample : { ...sample, resets };
  }
}
