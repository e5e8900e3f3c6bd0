import { type QueueDiscipline, type QueueDisciplinePlugin, type QueueItem } from '../../contracts/queue.js';
import { describeKit, type Kit, type TestRunner } from '../kit.js';
import { createPlugin, pluginChecks, type PluginSubject } from '../plugin-checks.js';
import { queueChecks } from './queue-checks.js';
import { type FairPair, fairnessChecks } from './queue-fairness.js';
import { loadChecks } from './queue-load.js';
import { optionalChecks } from './queue-optional.js';

/** What decides inside a flow: who came first, or whose deadline is first, then who came first. */
export type FlowOrder = 'arrival' | 'deadline';

export interface QueueKitOptions {
  /** Options of the plugin, as an operator writes them. */
  readonly options?: Readonly<Record<string, unknown>>;
  /**
   * The flow of an item: inside one flow the discipline keeps its order. Default: its priority class.
   * A discipline that is fair between tenants names class and tenant here.
   */
  readonly flowOf?: (item: QueueItem) => string;
  /** The order inside a flow. Default: arrival. */
  readonly order?: FlowOrder;
  /** Pairs of flows that the discipline serves by weight. */
  readonly fairBetween?: readonly FairPair[];
}

export interface QueueSubject extends PluginSubject {
  readonly createQueue: () => QueueDiscipline;
  readonly flowOf: (item: QueueItem) => string;
  readonly order: FlowOrder;
  readonly fairBetween: readonly FairPair[];
}

export function queueKit<Options>(
  plugin: QueueDisciplinePlugin<Options>,
  { options = {}, flowOf = ({ priority }) => priority, order = 'arrival', fairBetween = [] }: QueueKitOptions = {},
): Kit<QueueSubject> {
  return {
    title: `queue discipline ${plugin.id}`,
    checks: [...pluginChecks, ...queueChecks, ...optionalChecks, ...fairnessChecks, ...loadChecks],
    open: async () => {
      const factory = await createPlugin(plugin, options);
      return { plugin, options, createQueue: () => factory.createQueue(), flowOf, order, fairBetween };
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
