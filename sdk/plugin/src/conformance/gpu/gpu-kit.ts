import { type GpuProbePlugin } from '../../contracts/gpu.js';
import { describeKit, type Kit, type TestRunner } from '../kit.js';
import { pluginChecks } from '../plugin-checks.js';
import { GpuBench } from './gpu-bench.js';
import { inventoryChecks } from './inventory-checks.js';
import { lifeChecks } from './life-checks.js';
import { sampleChecks } from './sample-checks.js';

/** What the kit needs to know to try a probe. */
export interface GpuFixture {
  /** Milliseconds that one call may take before a check calls it stuck. Default 5000. */
  readonly patienceMs?: number;
  /** Brings up what the probe reads; called for the whole kit and again for checks that break a source. */
  startSource(): Promise<GpuSource> | GpuSource;
}

/** A driver, or what plays one. */
export interface GpuSource {
  /** Options that lead the plugin to this source, as an operator writes them. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Takes the source away, as an unloaded driver would be. Default: that check is skipped. */
  vanish?(): Promise<void> | void;
  /** Makes the source stop answering until `goOn`. Default: the checks of a stuck source are skipped. */
  hang?(): Promise<void> | void;
  /** Ends what `hang` began. */
  goOn?(): Promise<void> | void;
  /** Ends the source for good. */
  stop?(): Promise<void> | void;
}

export function gpuKit<Options>(plugin: GpuProbePlugin<Options>, fixture: GpuFixture): Kit<GpuBench> {
  return {
    title: `GPU probe ${plugin.id}`,
    checks: [...pluginChecks, ...inventoryChecks, ...sampleChecks, ...lifeChecks],
    open: () => GpuBench.open(plugin, fixture),
    close: (bench) => bench.close(),
  };
}

/** Declares one test per demand of the contract of GPU probes. */
export function describeGpuProbe<Options>(
  plugin: GpuProbePlugin<Options>,
  fixture: GpuFixture,
  runner?: TestRunner,
): void {
  describeKit(gpuKit(plugin, fixture), runner);
}
