import { type GpuDevice, type GpuProbe, type GpuSample } from '@llama-orch/plugin-sdk';

/** Tells what was declared; nobody measures such devices, so there are no samples. */
export class StaticProbe implements GpuProbe {
  private isClosed = false;

  constructor(private readonly devices: readonly GpuDevice[]) {}

  async inventory(signal: AbortSignal): Promise<readonly GpuDevice[]> {
    this.demandOpen(signal);
    return this.devices;
  }

  async sample(signal: AbortSignal): Promise<readonly GpuSample[]> {
    this.demandOpen(signal);
    return [];
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  private demandOpen(signal: AbortSignal): void {
    signal.throwIfAborted();
    if (this.isClosed) throw new Error('the static GPU probe is closed; create another');
  }
}
