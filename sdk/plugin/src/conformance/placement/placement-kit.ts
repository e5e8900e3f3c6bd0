import { type PlacementStrategy, type PlacementStrategyPlugin } from '../../contracts/placement.js';
import { describeKit, type Kit, type TestRunner } from '../kit.js';
import { createPlugin, pluginChecks, type PluginSubject } from '../plugin-checks.js';
import { fitChecks } from './fit-checks.js';
import { placementChecks } from './placement-checks.js';

export interface PlacementKitOptions {
  /** Options of the plugin, as an operator writes them. */
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface PlacementSubject extends PluginSubject {
  readonly strategy: PlacementStrategy;
}

export function placementKit<Options>(
  plugin: PlacementStrategyPlugin<Options>,
  { options = {} }: PlacementKitOptions = {},
): Kit<PlacementSubject> {
  return {
    title: `placement strategy ${plugin.id}`,
    checks: [...pluginChecks, ...placementChecks, ...fitChecks],
    open: async () => ({
      plugin,
      options,
      strategy: await createPlugin(plugin, options),
    }),
    close: async () => undefined,
  };
}

/** Declares one test per demand of the placement contract. */
export function describePlacementStrategy<Options>(
  plugin: PlacementStrategyPlugin<Options>,
  options?: PlacementKitOptions,
  runner?: TestRunner,
): void {
  describeKit(placementKit(plugin, options), runner);
}
