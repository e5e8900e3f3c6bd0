import { type QueueDiscipline, type QueueDisciplinePlugin, type QueueItem } from '../../contracts/queue.js';
import { describeKit, type Kit, type TestRunner } from '../kit.js';
import { createPlugin, pluginChecks, type PluginSubject } from '../plugin-checks.js';
import { queueChecks } from './queue-checks.js';

export interface QueueKitOptions {
  /** Options of the plugin, as an operator writes them. */
  readonly options?: Readonly<Record<string, unknown>>;
  /**
   * The flow of an item: inside one flow the discipline keeps arrival order. Default: its priority class.
   * A discipline that is fair between tenants names class and tenant here.
   */
  readonly flowOf?: (item: QueueItem) => string;
}

export interface QueueSubject extends PluginSubject {
  readonly createQueue: () => QueueDiscipline;
  readonly flowOf: (item: QueueItem) => string;
}

export function queueKit<Options>(
  plugin: QueueDisciplinePlugin<Options>,
  { options = {}, flowOf = ({ priority }) => priority }: QueueKitOptions = {},
): Kit<QueueSubject> {
  return {
    title: `queue discipline ${plugin.id}`,
    checks: [...pluginChecks, ...queueChecks],
    open: async () => {
      const factory = await createPlugin(plugin, options);
      return { plugin, options, createQueue: () => factory.createQueue(), flowOf };
    },
    close: async () => undefined,
  };
}

/** Declares one test per demand of the queue contract. */
export function describeQueueDiscipline<Options>(
  plugin: QueueDisciplinePlugin<Options>,
  options?: QueueKitOptions,
  runner?: TestRunner,
): void {
  describeKit(queueKit(plugin, options), runner);
}
