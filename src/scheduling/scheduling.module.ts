import { Module } from '@nestjs/common';
import { CONFIG } from '../config/config.module.js';
import { type Config } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Random } from '../kernel/random.js';
import { Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { Redactor } from '../observability/redactor.js';
import { PluginHost } from '../plugin-host/plugin-host.js';
import { PluginHostModule } from '../plugin-host/plugin-host.module.js';
import { Residents } from '../pools/on-demand/residents.js';
import { type Pool } from '../pools/pool.js';
import { Pools } from '../pools/pools.js';
import { PoolsModule } from '../pools/pools.module.js';
import { Sessions } from '../sessions/sessions.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { JournalTelemetry } from '../tasks/journal-telemetry.js';
import { TaskJournal } from '../tasks/task-journal.js';
import { TaskRegistry } from '../tasks/task-registry.js';
import { TaskStore } from '../tasks/task-store.js';
import { TaskTelemetry } from '../tasks/task-telemetry.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { AdaptiveSlots } from './adaptive/adaptive-slots.js';
import { newCorePool } from './core-pool.js';
import { disciplineOptions, knowingTenants } from './disciplines/discipline-options.js';
import { showDiscipline } from './disciplines/discipline-telemetry.js';
import { type Rates } from './forecast/estimator.js';
import { type StartOutcome } from './forecast/pool-outlook.js';
import { overloadRules } from './overload-rules.js';
import { preemptionRules } from './preemption-rules.js';
import { PreemptionTelemetry } from './preemption-telemetry.js';
import { Receipts } from './receipts/receipts.js';
import { Recovery } from './recovery/recovery.js';
import { receiptSettings } from './receipts/settings.js';
import { Scheduler } from './scheduler.js';
import { watchedStrategy } from './watched-strategy.js';

@Module({
  imports: [PluginHostModule, PoolsModule, TasksModule, SessionsModule],
  providers: [
    {
      provide: Receipts,
      inject: [CONFIG, PluginHost, Clock],
      useFactory: ({ scheduler }: Config, plugins: PluginHost, clock: Clock) =>
        new Receipts(clock, receiptSettings(scheduler, plugins.report)),
    },
    {
      provide: Recovery,
      inject: [CONFIG, Clock, TaskStore, TaskRegistry, Sessions, JournalTelemetry, Scheduler],
      useFactory: (
        { limits }: Config,
        clock: Clock,
        store: TaskStore,
        registry: TaskRegistry,
        sessions: Sessions,
        telemetry: JournalTelemetry,
        { restored: tasks }: Scheduler,
      ) =>
        new Recovery({
          ...{ clock, store, registry, sessions, telemetry, tasks },
          tasksKept: limits.tasks_kept,
        }),
    },
    {
      provide: Scheduler,
      inject: [
        CONFIG,
        PluginHost,
        Pools,
        Residents,
        TaskRegistry,
        TaskTelemetry,
        Sessions,
        Clock,
        Random,
        Metrics,
        Receipts,
        Logger,
        Redactor,
        TaskJournal,
      ],
      useFactory: async (
        config: Config,
        plugins: PluginHost,
        pools: Pools,
        residents: Residents,
        registry: TaskRegistry,
        telemetry: TaskTelemetry,
        sessions: Sessions,
        clock: Clock,
        random: Random,
        metrics: Metrics,
        receipts: Receipts,
        logger: Logger,
        redactor: Redactor,
        journal: TaskJournal,
      ) => {
        const { discipline, placement, on_deadline: onDeadline } = config.scheduler;
        const made = await plugins.create('queue-discipline', discipline, disciplineOptions(config.scheduler));
        const queues = knowingTenants(made, config.tenants);
        const placing = await plugins.create('placement-strategy', placement, {});
        const failures = rankingFailures(metrics);
        const strategy = watchedStrategy(placing, clock, (reason) => failures.inc({ plugin: placement, reason }));
        const { metrics_ms: metricsMs } = config.stream;
        const preemption = preemptionRules(config.preemption);
        const ports = {
          ...{
            clock,
            random,
            pools,
            registry,
            telemetry,
            sessions,
            metricsMs,
            onDeadline,
            receipts,
            redactor,
            journal,
          },
          onStart: (outcome: StartOutcome) => showStart(metrics, outcome),
          overload: overloadRules(config.scheduler),
          ...(pools.all.some((pool) => !pool.config.preload) && { onDemand: residents }),
          ...(preemption === undefined ? {} : { preemption: new PreemptionTelemetry(metrics, logger) }),
        };
        const scheduled = pools.all.map((pool) => ({
          pool: newCorePool(pool.id, pool.config, queues, strategy, preemption, config.scheduler.affinity_max_load),
          rates: ratesOf(pool),
          ...(pool.config.preload ? {} : { coming: () => residents.coming(pool.id) }),
        }));
        const scheduler = new Scheduler(ports, scheduled);
        showLoad(scheduler, pools, metrics);
        const waiting = scheduled.map(({ pool }) => pool.queue);
        showDiscipline(waiting, metrics, telemetry, config.scheduler.deadline_window);
        const adaptive = new AdaptiveSlots(pools, scheduler);
        telemetry.addListener({ ended: (task) => adaptive.ended(task) });
        return scheduler;
      },
    },
  ],
  exports: [Scheduler, Receipts, Recovery],
})
export class SchedulingModule {}

function rankingFailures(metrics: Metrics) {
  const help = 'Rankings of the placement strategy that threw, or took longer than a millisecond.';
  return metrics.counter('llama_orch_placement_failures_total', help, ['plugin', 'reason']);
}

/** How a promised start came out. */
function showStart(
  { predictionError, predictions }: Metrics,
  { poolId: pool_id, priority, promised, actualMs }: StartOutcome,
): void {
  predictionError.observe({ pool_id, priority }, Math.abs(actualMs - promised.p50));
  predictions.inc({ pool_id, priority, result: actualMs <= promised.p90 ? 'within' : 'late' });
}

function ratesOf({ config }: Pool): Rates {
  return { prefill: config.perf.prefill_tps, decode: config.perf.decode_tps };
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
