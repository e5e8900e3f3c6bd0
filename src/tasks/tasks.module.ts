import { Module } from '@nestjs/common';
import { CONFIG } from '../config/config.module.js';
import { type Config } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { TaskRegistry } from './task-registry.js';
import { TaskTelemetry } from './task-telemetry.js';

const HOUR_MS = 3_600_000;

@Module({
  providers: [
    {
      provide: TaskRegistry,
      inject: [CONFIG, Clock],
      useFactory: ({ stream, limits }: Config, clock: Clock) =>
        new TaskRegistry(clock, {
          ringBytes: stream.ring_bytes,
          framesMs: stream.ring_after_end_ms,
          framesBytes: stream.retained_bytes,
          tasksMs: limits.task_hours * HOUR_MS,
          tasksKept: limits.tasks_kept,
        }),
    },
    {
      provide: TaskTelemetry,
      inject: [Metrics, Logger],
      useFactory: (metrics: Metrics, logger: Logger) => new TaskTelemetry(metrics, logger),
    },
  ],
  exports: [TaskRegistry, TaskTelemetry],
})
export class TasksModule {}
