import { type DynamicModule, Module } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { Catalog } from '../catalog/catalog.js';
import { ModelFetches } from '../catalog/model-fetches.js';
import { CONFIG } from '../config/config.module.js';
import { type Config } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Random } from '../kernel/random.js';
import { Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { Redactor } from '../observability/redactor.js';
import { Policies } from '../policy-host/policies.js';
import { PolicyHostModule } from '../policy-host/policy-host.module.js';
import { Pools } from '../pools/pools.js';
import { PoolsModule } from '../pools/pools.module.js';
import { Scheduler } from '../scheduling/scheduler.js';
import { SchedulingModule } from '../scheduling/scheduling.module.js';
import { Sessions } from '../sessions/sessions.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { TaskJournal } from '../tasks/task-journal.js';
import { TaskRegistry } from '../tasks/task-registry.js';
import { AnswerStore } from '../tasks/task-store.js';
import { TaskTelemetry } from '../tasks/task-telemetry.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { Admission } from './admission.js';
import { Gate } from './gate.js';
import { KeyLimits } from './limits/key-limits.js';
import { Quotas } from './limits/quotas.js';
import { ModelCheck } from './model-check.js';
import { PolicyGate } from './policy-gate.js';
import { Replays } from './replays.js';
import { SessionGate } from './session-gate.js';
import { Shedding } from './shedding/shedding.js';
import { TaskRules } from './submission.js';

const HOUR_MS = 3_600_000;

@Module({})
export class AdmissionModule {
  /** `rules` come from the wire, which stands above this room. */
  static with(rules: TaskRules): DynamicModule {
    return {
      module: AdmissionModule,
      imports: [PolicyHostModule, PoolsModule, TasksModule, SessionsModule, SchedulingModule],
      providers: [
        { provide: TaskRules, useValue: rules },
        {
          provide: Replays,
          inject: [CONFIG, Clock, Logger, AnswerStore],
          useFactory: ({ limits }: Config, clock: Clock, logger: Logger, store: AnswerStore) =>
            new Replays({ clock, logger, store }, limits.idempotency_hours * HOUR_MS),
        },
        {
          provide: KeyLimits,
          inject: [CONFIG, Clock, Random, Metrics, TaskTelemetry],
          useFactory: ({ auth }: Config, clock: Clock, random: Random, metrics: Metrics, telemetry: TaskTelemetry) =>
            new KeyLimits(auth.keys, { clock, random, metrics, telemetry }),
        },
        {
          provide: Quotas,
          inject: [CONFIG, Clock, Random, Metrics, TaskRegistry, Scheduler],
          useFactory: (
            { tenants }: Config,
            clock: Clock,
            random: Random,
            metrics: Metrics,
            registry: TaskRegistry,
            scheduler: Scheduler,
          ) => new Quotas(tenants, { clock, random, metrics, registry, scheduler }),
        },
        {
          provide: Shedding,
          inject: [CONFIG, Pools, Clock, Random, Metrics],
          useFactory: ({ slo }: Config, pools: Pools, clock: Clock, random: Random, metrics: Metrics) =>
            new Shedding(
              slo,
              pools.all.map((pool) => pool.id),
              { clock, random, metrics },
            ),
        },
        {
          provide: Gate,
          inject: [Quotas, Shedding, TaskTelemetry],
          useFactory: (quotas: Quotas, shedding: Shedding, telemetry: TaskTelemetry) => {
            telemetry.addListener({
              firstToken: (task) => shedding.firstToken(task),
              ended: (task) => quotas.ended(task),
            });
            return new Gate(quotas, shedding);
          },
        },
        {
          provide: PolicyGate,
          inject: [Policies, AuditLog, Redactor, Clock, Logger],
          useFactory: (policies: Policies, audit: AuditLog, redactor: Redactor, clock: Clock, logger: Logger) =>
            new PolicyGate({ policies, audit, redactor, clock, logger }),
        },
        {
          provide: ModelCheck,
          inject: [Catalog, ModelFetches],
          useFactory: (catalog: Catalog, fetches: ModelFetches) => new ModelCheck(catalog, fetches),
        },
        {
          provide: SessionGate,
          inject: [Sessions, Scheduler],
          useFactory: (sessions: Sessions, scheduler: Scheduler) => new SessionGate(sessions, scheduler),
        },
        {
          provide: Admission,
          inject: [
            Clock,
            TaskRules,
            Pools,
            Scheduler,
            TaskRegistry,
            TaskTelemetry,
            Replays,
            ModelCheck,
            PolicyGate,
            Gate,
            SessionGate,
            TaskJournal,
          ],
          useFactory: (
            clock: Clock,
            rules: TaskRules,
            pools: Pools,
            scheduler: Scheduler,
            registry: TaskRegistry,
            telemetry: TaskTelemetry,
            replays: Replays,
            models: ModelCheck,
            policyGate: PolicyGate,
            gate: Gate,
            sessionGate: SessionGate,
            journal: TaskJournal,
          ) =>
            new Admission({
              clock,
              rules,
              pools,
              scheduler,
              registry,
              telemetry,
              replays,
              models,
              policyGate,
              gate,
              sessionGate,
              journal,
            }),
        },
      ],
      exports: [Admission, Replays, KeyLimits, Quotas, Shedding],
    };
  }
}
