import { Module } from '@nestjs/common';
import { type PlacementStrategy, type PriorityClass, type QueueDisciplineFactory } from '@llama-orch/plugin-sdk';
import { CONFIG } from '../config/config.module.js';
import { type Config, type PoolConfig } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Random } from '../kernel/random.js';
import { Metrics } from '../observability/metrics.js';
import { PluginHost } from '../plugin-host/plugin-host.js';
import { PluginHostModule } from '../plugin-host/plugin-host.module.js';
import { type Pool } from '../pools/pool.js';
import { Pools } from '../pools/pools.js';
import { PoolsModule } from '../pools/pools.module.js';
import { TaskRegistry } from '../tasks/task-registry.js';
import { TaskTelemetry } from '../tasks/task-telemetry.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { type CorePool } from './core/model.js';
import { type Rates } from './estimator.js';
import { Scheduler } from './scheduler.js';

@Module({
  imports: [PluginHostModule, PoolsModule, TasksModule],
  providers: [
    {
      provide: Scheduler,
      inject: [CONFIG, PluginHost, Pools, TaskRegistry, TaskTelemetry, Clock, Random, Metrics],
      useFactory: async (
        config: Config,
        plugins: PluginHost,
        pools: Pools,
        registry: TaskRegistry,
        telemetry: TaskTelemetry,
        clock: Clock,
        random: Random,
        metrics: Metrics,
      ) => {
        const { discipline, options, placement, on_deadline: onDeadline } = config.scheduler;
        const queues = await plugins.create('queue-discipline', discipline, disciplineOptions(config, options));
        const strategy = await plugins.create('placement-strategy', placement, {});
        const ports = { clock, random, pools, registry, telemetry, metricsMs: config.stream.metrics_ms, onDeadline };
        const scheduler = new Scheduler(
          ports,
          pools.all.map((pool) => ({ pool: corePool(pool, queues, strategy), rates: ratesOf(pool) })),
        );
        showLoad(scheduler, pools, metrics);
        return scheduler;
      },
    },
  ],
  exports: [Scheduler],
})
export class SchedulingModule {}

/** `batch_max_wait_ms` stands beside the options because every discipline with classes has it. */
function disciplineOptions(
  { scheduler }: Config,
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return scheduler.discipline === 'priority-fifo'
    ? { batch_max_wait_ms: scheduler.batch_max_wait_ms, ...options }
    : options;
}

function corePool(pool: Pool, queues: QueueDisciplineFactory, strategy: PlacementStrategy): CorePool {
  const { config } = pool;
  return {
    id: pool.id,
    capacity: config.queue.capacity,
    classCapacity: perClass(config, (entry) => entry.queue_capacity),
    fullPolicy: perClass(config, (entry) => entry.full_policy),
    queue: queues.createQueue(),
    strategy,
    replicas: new Map(),
  };
}

function ratesOf({ config }: Pool): Rates {
  return { prefill: config.perf.prefill_tps, decode: config.perf.decode_tps };
}

type ClassEntry = PoolConfig['admission']['priorities'][number];

function perClass<Value>({ admission }: PoolConfig, read: (entry: ClassEntry) => Value): Record<PriorityClass, Value> {
  const of = (name: PriorityClass) => read(admission.priorities.find((entry) => entry.name === name)!);
  return { interactive: of('interactive'), batch: of('batch') };
}

/** Queue and lease gauges are read from the live state, so they cannot drift from it. */
function showLoad(scheduler: Scheduler, pools: Pools, metrics: Metrics): void {
  metrics.beforeScrape(() => {
    metrics.queueDepth.reset();
    for (const pool of pools.all) {
      const labels = { engine: pool.engine, engine_version: pool.description?.engineVersion ?? '', pool_id: pool.id };
      for (const priority of ['interactive', 'batch'] as const) {
        metrics.queueDepth.set({ ...labels, priority }, scheduler.queueDepth(pool.id, priority));
      }
      metrics.activeLeases.set({ pool_id: pool.id }, scheduler.busySlots(pool.id));
    }
  });
}
