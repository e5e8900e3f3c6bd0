import { type GpuDevice, type GpuProbe, type GpuProbePlugin, type GpuSample } from '../../contracts/gpu.js';
import { within } from '../demand.js';
import { createPlugin, type PluginSubject } from '../plugin-checks.js';
import { type GpuFixture, type GpuSource } from './gpu-kit.js';

const PATIENCE_MS = 5_000;

/** A probe on a source of its own. */
export interface ReadyProbe {
  readonly probe: GpuProbe;
  readonly source: GpuSource;
}

/** The probe under test, its source, and the means to bring up more of both. */
export class GpuBench implements PluginSubject {
  private constructor(
    readonly plugin: GpuProbePlugin,
    private readonly fixture: GpuFixture,
    private readonly ready: ReadyProbe,
  ) {}

  static async open<Options>(plugin: GpuProbePlugin<Options>, fixture: GpuFixture): Promise<GpuBench> {
    return new GpuBench(plugin, fixture, await bringUp(plugin, fixture));
  }

  get source(): GpuSource {
    return this.ready.source;
  }

  get options(): Readonly<Record<string, unknown>> {
    return this.source.options ?? {};
  }

  get probe(): GpuProbe {
    return this.ready.probe;
  }

  get patienceMs(): number {
    return this.fixture.patienceMs ?? PATIENCE_MS;
  }

  inventory(probe = this.probe): Promise<readonly GpuDevice[]> {
    return this.inTime(probe.inventory(new AbortController().signal), 'inventory is stuck.');
  }

  sample(probe = this.probe): Promise<readonly GpuSample[]> {
    return this.inTime(probe.sample(new AbortController().signal), 'sample is stuck.');
  }

  inTime<Value>(promise: Promise<Value>, sentence: string): Promise<Value> {
    return within(promise, this.patienceMs, sentence);
  }

  /** A second probe on the source of the first. */
  createBeside(): Promise<GpuProbe> {
    return createPlugin<GpuProbe>(this.plugin, this.options);
  }

  /** Lends a probe with a source of its own, and ends both afterwards. */
  async withAnother(examine: (ready: ReadyProbe) => Promise<void>): Promise<void> {
    const ready = await bringUp(this.plugin, this.fixture);
    try {
      await examine(ready);
    } finally {
      await this.takeDown(ready);
    }
  }

  close(): Promise<void> {
    return this.takeDown(this.ready);
  }

  private async takeDown({ probe, source }: ReadyProbe): Promise<void> {
    try {
      await this.inTime(probe.close(), 'close is stuck.');
    } finally {
      await source.stop?.();
    }
  }
}

async function bringUp(plugin: GpuProbePlugin, fixture: GpuFixture): Promise<ReadyProbe> {
  const source = await fixture.startSource();
  return { source, probe: await createPlugin<GpuProbe>(plugin, source.options ?? {}) };
}
