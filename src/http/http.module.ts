import { type DynamicModule, Module } from '@nestjs/common';
import { AdmissionModule } from '../admission/admission.module.js';
import { ArtifactsModule } from '../artifacts/artifacts.module.js';
import { AuditLog } from '../audit/audit-log.js';
import { CONFIG } from '../config/config.module.js';
import { type Config } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Random } from '../kernel/random.js';
import { Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { StoreHealth } from '../observability/store-health.js';
import { PluginHostModule } from '../plugin-host/plugin-host.module.js';
import { PolicyHostModule } from '../policy-host/policy-host.module.js';
import { PoolsModule } from '../pools/pools.module.js';
import { Scheduler } from '../scheduling/scheduler.js';
import { SchedulingModule } from '../scheduling/scheduling.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { AnswerStore } from '../tasks/task-store.js';
import { TasksModule } from '../tasks/tasks.module.js';
import { ToolsModule } from '../tools/tools.module.js';
import { ApiVersion } from './api-version.js';
import { BodyReader } from './body-reader.js';
import { BodyRules, DataRules } from './body-rules.js';
import { contractText, loadContract } from './contract.js';
import { ChangeLog } from './change-log.js';
import { ContractRules } from './contract-rules.js';
import { ArtifactsController } from './controllers/artifacts.controller.js';
import { AuditController } from './controllers/audit.controller.js';
import { CatalogController } from './controllers/catalog.controller.js';
import { DecisionController } from './controllers/decision.controller.js';
import { FetchesController } from './controllers/fetches.controller.js';
import { ModelBomController } from './controllers/model-bom.controller.js';
import { OperationController } from './controllers/operation.controller.js';
import { PoolChangesController } from './controllers/pool-changes.controller.js';
import { PoolsController } from './controllers/pools.controller.js';
import { SessionsController } from './controllers/sessions.controller.js';
import { SnapshotsController } from './controllers/snapshots.controller.js';
import { StreamController } from './controllers/stream.controller.js';
import { TasksController } from './controllers/tasks.controller.js';
import { ToolsController } from './controllers/tools.controller.js';
import { KeepAlive } from './keep-alive.js';
import { Probes } from './probes.js';
import { ServedDocuments } from './served-documents.js';
import { Streams } from './streams.js';
import { ToolReplays } from './tool-replays.js';

const HOUR_MS = 3_600_000;

const DOCUMENTS = new Map([
  ['data.json', contractText('data')],
  ['control.json', contractText('control')],
]);

@Module({})
export class HttpModule {
  static with(config: Config): DynamicModule {
    const data = loadContract('data');
    return {
      module: HttpModule,
      imports: [
        PluginHostModule,
        PolicyHostModule,
        ArtifactsModule,
        PoolsModule,
        TasksModule,
        SessionsModule,
        ToolsModule,
        SchedulingModule,
        AdmissionModule.with(new ContractRules(data, config.limits.max_tokens)),
      ],
      controllers: [
        TasksController,
        SessionsController,
        SnapshotsController,
        DecisionController,
        FetchesController,
        StreamController,
        PoolsController,
        PoolChangesController,
        ArtifactsController,
        AuditController,
        CatalogController,
        ModelBomController,
        OperationController,
        ToolsController,
      ],
      providers: [
        { provide: ApiVersion, useValue: new ApiVersion(data.info.version) },
        { provide: ServedDocuments, useValue: new ServedDocuments(DOCUMENTS) },
        { provide: BodyRules, useValue: new BodyRules(loadContract('control')) },
        { provide: DataRules, useValue: new DataRules(data) },
        {
          provide: ToolReplays,
          inject: [Clock, Logger, AnswerStore],
          useFactory: (clock: Clock, logger: Logger, store: AnswerStore) =>
            new ToolReplays({ clock, logger, store }, config.limits.idempotency_hours * HOUR_MS),
        },
        { provide: BodyReader, useValue: new BodyReader(config.limits.json_depth) },
        {
          provide: Probes,
          inject: [Clock, StoreHealth, AuditLog],
          useFactory: (clock: Clock, store: StoreHealth, audit: AuditLog) =>
            new Probes(
              clock,
              () => store.isWritable,
              () => audit.isWritable,
            ),
        },
        {
          provide: ChangeLog,
          inject: [AuditLog, Clock, Logger],
          useFactory: (audit: AuditLog, clock: Clock, logger: Logger) => new ChangeLog(audit, clock, logger),
        },
        {
          provide: KeepAlive,
          inject: [CONFIG, Clock, Random],
          useFactory: ({ stream }: Config, clock: Clock, random: Random) =>
            new KeepAlive(stream.keepalive_ms, clock, random),
        },
        {
          provide: Streams,
          inject: [CONFIG, Scheduler, Clock, Metrics, KeepAlive],
          useFactory: (
            { stream }: Config,
            scheduler: Scheduler,
            clock: Clock,
            metrics: Metrics,
            keepAlive: KeepAlive,
          ) => new Streams({ scheduler, clock, metrics, keepAlive, bufferBytes: stream.reader_buffer_bytes }),
        },
      ],
      exports: [Probes, Streams, AdmissionModule],
    };
  }
}
