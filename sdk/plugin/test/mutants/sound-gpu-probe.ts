import { type GpuDevice, type GpuProbe, type GpuSample } from '../../src/index.js';

const GIBIBYTE = 2 ** 30;

/** A machine of two GPUs, one of them cut into two slices, whose driver fails when it is told to. */
export class PlayedDriver {
  vanished = false;
  /** Calls wait for this. */
  answering: Promise<void> = Promise.resolve();
  goOn: () => void = () => undefined;
  openProbes = 0;
  resets = 3;

  hang(): void {
    this.answering = new Promise((resolve) => (this.goOn = resolve));
  }

  devices(): GpuDevice[] {
    return [
      { id: 'GPU-a', index: 0, name: 'Card A', vramTotalBytes: 24 * GIBIBYTE },
      { id: 'GPU-b', index: 1, name: 'Card B', vramTotalBytes: 40 * GIBIBYTE },
      { id: 'MIG-b0', index: 2, name: 'Card B, half', vramTotalBytes: 20 * GIBIBYTE, parentId: 'GPU-b' },
      { id: 'MIG-b1', index: 3, name: 'Card B, half', vramTotalBytes: 20 * GIBIBYTE, parentId: 'GPU-b' },
    ];
  }

  samples(): GpuSample[] {
    return this.devices().map(({ id }) => ({
      id,
      vramUsedBytes: GIBIBYTE,
      utilizationPercent: 12.5,
      temperatureCelsius: 41,
      powerWatts: 80.5,
      eccErrors: 0,
      resets: this.resets,
      processes: [
        { pid: 10, vramUsedBytes: GIBIBYTE / 2 },
        { pid: 11, vramUsedBytes: 0 },
      ],
    }));
  }
}

/** The simplest keeper of the contract: asks, and gives up when the signal says so. */
export class SoundGpuProbe implements GpuProbe {
  protected isClosed = false;

  constructor(protected readonly driver: PlayedDriver) {
    driver.openProbes++;
  }

  async inventory(signal: AbortSignal): Promise<readonly GpuDevice[]> {
    return this.ask(() => this.driver.devices(), signal);
  }

  async sample(signal: AbortSignal): Promise<readonly GpuSample[]> {
    return this.ask(() => this.driver.samples(), signal);
  }

  async close(): Promise<void> {
    if (!this.isClosed) this.driver.openProbes--;
    this.isClosed = true;
  }

  protected async ask<Value>(answer: () => Value, signal: AbortSignal): Promise<Value> {
    signal.throwIfAborted();
    await Promise.race([this.driver.answering, aborted(signal)]);
    if (this.driver.vanished) throw new Error('The driver is gone; load it again.');
    if (this.isClosed) throw new Error('The probe is closed; create another.');
    return answer();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(new Error('The call was given up.')), { once: true }),
  );
}
