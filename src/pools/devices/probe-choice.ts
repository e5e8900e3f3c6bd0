import { type GpuProbe } from '@llama-orch/plugin-sdk';
import { type Config } from '../../config/index.js';
import { type Logger } from '../../observability/logger.js';
import { type PluginHost } from '../../plugin-host/plugin-host.js';

const AUTO = ['nvml', 'nvidia-smi'];

/** Opens the probe that the config names; undefined when this machine offers none now. Says so once. */
export class ProbeChoice {
  private said = false;

  constructor(
    private readonly gpu: Config['gpu'],
    private readonly plugins: Pick<PluginHost, 'ids' | 'create' | 'checked'>,
    private readonly logger: Logger,
  ) {}

  /** @throws Error when no plugin has the id that the config names, or its options are wrong */
  check(): void {
    const { probe, options } = this.gpu;
    if (probe !== 'auto' && probe !== 'none') this.plugins.checked('gpu-probe', probe, options);
  }

  async open(): Promise<GpuProbe | undefined> {
    const { probe, options } = this.gpu;
    if (probe === 'none') return undefined;
    const loaded = this.plugins.ids('gpu-probe');
    const reasons: string[] = [];
    for (const id of probe === 'auto' ? AUTO.filter((one) => loaded.includes(one)) : [probe]) {
      try {
        return await this.plugins.create('gpu-probe', id, options);
      } catch (error) {
        reasons.push(error instanceof Error ? error.message : String(error));
      }
    }
    this.say(reasons);
    return undefined;
  }

  private say(reasons: readonly string[]): void {
    if (this.said) return;
    this.said = true;
    const message = 'no GPU probe finds a driver on this machine; pools with device gpu cannot start engines';
    this.logger.warn('gpu', message, { reason: 'no_probe', tried: reasons });
  }
}

/** Somebody asks for GPUs, or for a look at them. */
export function wantsProbe({ gpu, pools }: Config): boolean {
  if (gpu.probe === 'none') return false;
  return gpu.probe !== 'auto' || pools.some(({ device }) => device === 'gpu');
}
