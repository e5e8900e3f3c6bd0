import { type DynamicModule, Module } from '@nestjs/common';
import { CONFIG } from '../config/config.module.js';
import { type Config } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Pools } from '../pools/pools.js';
import { PoolsModule } from '../pools/pools.module.js';
import { Scheduler } from '../scheduling/scheduler.js';
import { SchedulingModule } from '../scheduling/scheduling.module.js';
import { TaskRegistry } from '../tasks/task-registry.js';
import { TaskTelemetry } from '../tasks/task-telemetry.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { Admission } from './admission.js';
import { Replays } from './replays.js';
import { TaskRules } from './submission.js';

const HOUR_MS = 3_600_000;

@Module({})
export class AdmissionModule {
  /** `rules` come from the wire, which stands above this room. */
  static with(rules: TaskRules): DynamicModule {
    return {
      module: AdmissionModule,
      imports: [PoolsModule, TasksModule, SchedulingModule],
      providers: [
        { provide: TaskRules, useValue: rules },
        {
          provide: Replays,
          inject: [CONFIG, Clock],
          useFactory: ({ limits }: Config, clock: Clock) => new Replays(clock, limits.idempotency_hours * HOUR_MS),
        },
        {
          provide: Admission,
          inject: [Clock, TaskRules, Pools, Scheduler, TaskRegistry, TaskTelemetry, Replays],
          useFactory: (
            clock: Clock,
            rules: TaskRules,
            pools: Pools,
            scheduler: Scheduler,
            registry: TaskRegistry,
            telemetry: TaskTelemetry,
            replays: Replays,
          ) => new Admission({ clock, rules, pools, scheduler, registry, telemetry, replays }),
        },
      ],
      exports: [Admission, Replays],
    };
  }
}
