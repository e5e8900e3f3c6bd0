import {
  type PlacementStrategy,
  type PriorityClass,
  type QueueDisciplineFactory,
  type QueueFacts,
} from '@llama-orch/plugin-sdk';
import { type PoolConfig } from '../config/index.js';
import { type PoolId } from '../kernel/ids.js';
import { type CorePool } from './core/model.js';
import { type PreemptionRules } from './core/preemption.js';

/** The members of a pool's configuration that scheduling decides from. */
export type ScheduledConfig = Pick<PoolConfig, 'queue' | 'admission'>;

/** A pool without replicas; they join as they become ready. */
export function newCorePool(
  id: PoolId,
  config: ScheduledConfig,
  queues: QueueDisciplineFactory,
  strategy: PlacementStrategy,
  preemption?: PreemptionRules,
  affinityMaxLoad?: number,
): CorePool {
  return {
    id,
    capacity: config.queue.capacity,
    classCapacity: perClass(config, (entry) => entry.queue_capacity),
    fullPolicy: perClass(config, (entry) => entry.full_policy),
    queue: queues.createQueue({ classWeights: classWeights(config) }),
    strategy,
    replicas: new Map(),
    ...(preemption === undefined ? {} : { preemption }),
    ...(affinityMaxLoad === undefined ? {} : { affinityMaxLoad }),
    suspendedAt: [],
    suspending: 0,
  };
}

/** Those that the operator has set; the discipline knows the others. */
function classWeights({ admission }: ScheduledConfig): QueueFacts['classWeights'] {
  const weighed = admission.priorities.flatMap(({ name, weight }) => (weight === undefined ? [] : [[name, weight]]));
  return Object.fromEntries(weighed) as QueueFacts['classWeights'];
}

type ClassEntry = PoolConfig['admission']['priorities'][number];

function perClass<Value>(
  { admission }: ScheduledConfig,
  read: (entry: ClassEntry) => Value,
): Record<PriorityClass, Value> {
  const of = (name: PriorityClass) => read(admission.priorities.find((entry) => entry.name === name)!);
  return { interactive: of('interactive'), batch: of('batch') };
}
