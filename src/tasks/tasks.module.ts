import { Module } from '@nestjs/common';
import { ArtifactsModule } from '../artifacts/artifacts.module.js';
import { Artifacts } from '../artifacts/artifacts.js';
import { CONFIG } from '../config/config.module.js';
import { type Config } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { Redactor } from '../observability/redactor.js';
import { Pools } from '../pools/pools.js';
import { PoolsModule } from '../pools/pools.module.js';
import { Sessions } from '../sessions/sessions.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { JournalTelemetry } from './journal-telemetry.js';
import { TaskHistory } from './task-history.js';
import { TaskJournal } from './task-journal.js';
import { type RetentionLimits, TaskRegistry } from './task-registry.js';
import { TaskStore } from './task-store.js';
import { TaskTelemetry } from './task-telemetry.js';
import { type Task } from './task.js';
import { Transcripts } from './transcripts.js';

const HOUR_MS = 3_600_000;

@Module({
  imports: [ArtifactsModule, PoolsModule, SessionsModule],
  providers: [
    {
      provide: JournalTelemetry,
      inject: [Logger],
      useFactory: (logger: Logger) => new JournalTelemetry(logger),
    },
    {
      provide: TaskJournal,
      inject: [Clock, TaskStore, Sessions, Pools, JournalTelemetry],
      useFactory: (clock: Clock, store: TaskStore, sessions: Sessions, pools: Pools, telemetry: JournalTelemetry) => {
        const streamLogOf = ({ poolId }: Task) => pools.get(poolId)?.config.stream_log ?? 'send-then-log';
        return new TaskJournal({ clock, store, sessions, telemetry, streamLogOf });
      },
    },
    {
      provide: TaskHistory,
      inject: [CONFIG, Clock, TaskStore, TaskRegistry, JournalTelemetry],
      useFactory: (
        config: Config,
        clock: Clock,
        store: TaskStore,
        registry: TaskRegistry,
        telemetry: JournalTelemetry,
      ) => new TaskHistory({ clock, store, registry, telemetry }, retentionOf(config)),
    },
    {
      provide: TaskRegistry,
      inject: [CONFIG, Clock],
      useFactory: (config: Config, clock: Clock) => new TaskRegistry(clock, retentionOf(config)),
    },
    {
      provide: TaskTelemetry,
      inject: [Metrics, Logger],
      useFactory: (metrics: Metrics, logger: Logger) => new TaskTelemetry(metrics, logger),
    },
    {
      provide: Transcripts,
      inject: [CONFIG, Artifacts, TaskStore, TaskRegistry, TaskTelemetry, Redactor, Clock, Metrics, Logger],
      useFactory: (
        { artifacts: settings, stream }: Config,
        artifacts: Artifacts,
        store: TaskStore,
        registry: TaskRegistry,
        telemetry: TaskTelemetry,
        redactor: Redactor,
        clock: Clock,
        metrics: Metrics,
        logger: Logger,
      ) => {
        const transcripts = new Transcripts(
          { artifacts, store, registry, redactor, clock, metrics, logger },
          {
            enabled: settings.transcripts,
            mostWaiting: settings.transcript_queue,
            framesMs: stream.ring_after_end_ms,
            mostBytes: settings.max_bytes,
          },
        );
        telemetry.addListener(transcripts);
        return transcripts;
      },
    },
  ],
  exports: [Transcripts, TaskRegistry, TaskTelemetry, TaskJournal, TaskHistory, JournalTelemetry],
})
export class TasksModule {}

function retentionOf({ stream, limits }: Config): RetentionLimits {
  return {
    ringBytes: stream.ring_bytes,
    framesMs: stream.ring_after_end_ms,
    framesBytes: stream.retained_bytes,
    tasksMs: limits.task_hours * HOUR_MS,
    tasksKept: limits.tasks_kept,
  };
}
