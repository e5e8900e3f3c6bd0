import { Global, Module } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { BASE_FOLDER, CONFIG } from '../config/config.module.js';
import { type Config, dataFolder } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { Redactor } from '../observability/redactor.js';
import { SessionStore } from '../sessions/session-store.js';
import { newAuditFiles } from './audit/new-audit-files.js';
import { prepareFolder } from './data-folder.js';
import { openDatabase } from './database.js';
import { SqliteSessionStore } from './sqlite-session-store.js';

/** Puts the stores behind the ports of the rooms below; nobody else knows this room. */
@Global()
@Module({
  providers: [
    {
      provide: SessionStore,
      inject: [CONFIG, BASE_FOLDER, Clock],
      useFactory: ({ storage }: Config, baseFolder: string, clock: Clock) => {
        const folder = dataFolder(storage.data_dir, baseFolder, process.env);
        prepareFolder(folder);
        return new SqliteSessionStore(openDatabase(folder, clock.epochMs()));
      },
    },
    {
      provide: AuditLog,
      // The session store comes first: with it the data folder belongs to this process alone.
      inject: [CONFIG, BASE_FOLDER, Clock, Logger, Metrics, Redactor, SessionStore],
      useFactory: (
        { storage, audit }: Config,
        baseFolder: string,
        clock: Clock,
        logger: Logger,
        metrics: Metrics,
        redactor: Redactor,
      ) =>
        newAuditFiles(dataFolder(storage.data_dir, baseFolder, process.env), audit, {
          clock,
          logger,
          metrics,
          redactor,
        }),
    },
  ],
  exports: [SessionStore, AuditLog],
})
export class PersistenceModule {}
