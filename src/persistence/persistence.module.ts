import { join, resolve } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { ArtifactRows } from '../artifacts/artifact-rows.js';
import { Blobs } from '../artifacts/blobs.js';
import { AuditLog } from '../audit/audit-log.js';
import { CatalogStore, EntryFiles } from '../catalog/catalog-store.js';
import { BASE_FOLDER, CONFIG } from '../config/config.module.js';
import { type Config, dataFolder } from '../config/index.js';
import { Clock } from '../kernel/clock.js';
import { Logger } from '../observability/logger.js';
import { Metrics } from '../observability/metrics.js';
import { Redactor } from '../observability/redactor.js';
import { StoreHealth } from '../observability/store-health.js';
import { StoreSnapshots } from '../observability/store-snapshots.js';
import { SessionStore } from '../sessions/session-store.js';
import { AnswerStore, TaskStore } from '../tasks/task-store.js';
import { BlobFiles } from './artifacts/blob-files.js';
import { claimRoot } from './artifacts/claim-root.js';
import { NodeDisk } from './artifacts/disk.js';
import { StoredArtifactRows } from './artifacts/stored-artifact-rows.js';
import { newAuditFiles } from './audit/new-audit-files.js';
import { EntryFolders } from './catalog/entry-folders.js';
import { SqlCatalogStore } from './catalog/sql-catalog-store.js';
import { SnapshotFiles } from './backup/snapshots.js';
import { prepareFolder } from './data-folder.js';
import { SqliteSessionStore } from './sessions/sqlite-session-store.js';
import { Store } from './store/store.js';
import { SqliteAnswerStore, SqliteTaskStore } from './tasks/sqlite-task-store.js';
import { StoreTelemetry } from './store/store-telemetry.js';
import { WorkerStore } from './store/worker-store.js';

/** Puts the stores behind the ports of the rooms below; nobody else knows this room. */
@Global()
@Module({
  providers: [
    {
      provide: Store,
      inject: [CONFIG, BASE_FOLDER, Clock, Metrics, Logger],
      useFactory: ({ storage }: Config, baseFolder: string, clock: Clock, metrics: Metrics, logger: Logger) => {
        const folder = dataFolder(storage.data_dir, baseFolder, process.env);
        prepareFolder(folder);
        return WorkerStore.open({ folder, clock, telemetry: new StoreTelemetry(clock, metrics, logger) });
      },
    },
    { provide: StoreHealth, useExisting: Store },
    {
      provide: StoreSnapshots,
      inject: [CONFIG, BASE_FOLDER, Clock, Store],
      useFactory: ({ storage }: Config, baseFolder: string, clock: Clock, store: WorkerStore) =>
        new SnapshotFiles(store, dataFolder(storage.data_dir, baseFolder, process.env), clock),
    },
    {
      provide: SessionStore,
      inject: [Store],
      useFactory: (store: Store) => SqliteSessionStore.on(store),
    },
    { provide: ArtifactRows, inject: [Store], useFactory: (store: Store) => new StoredArtifactRows(store) },
    {
      provide: Blobs,
      // The store comes first: with it the data folder belongs to this process alone.
      inject: [CONFIG, BASE_FOLDER, Store],
      useFactory: ({ artifacts, storage }: Config, baseFolder: string) => {
        const data = dataFolder(storage.data_dir, baseFolder, process.env);
        const root = artifacts.root === undefined ? join(data, 'artifacts') : resolve(baseFolder, artifacts.root);
        claimRoot(root, data);
        return BlobFiles.in(root, new NodeDisk());
      },
    },
    { provide: CatalogStore, inject: [Store], useFactory: (store: Store) => new SqlCatalogStore(store) },
    {
      provide: EntryFiles,
      inject: [CONFIG, BASE_FOLDER],
      useFactory: ({ catalog, storage }: Config, baseFolder: string) => {
        const data = dataFolder(storage.data_dir, baseFolder, process.env);
        const root = catalog.root === undefined ? join(data, 'catalog') : resolve(baseFolder, catalog.root);
        return new EntryFolders(join(root, 'entries'));
      },
    },
    {
      provide: TaskStore,
      inject: [Store],
      useFactory: (store: Store) => new SqliteTaskStore(store),
    },
    {
      provide: AnswerStore,
      inject: [Store],
      useFactory: (store: Store) => new SqliteAnswerStore(store),
    },
    {
      provide: AuditLog,
      // The store comes first: with it the data folder belongs to this process alone.
      inject: [CONFIG, BASE_FOLDER, Clock, Logger, Metrics, Redactor, Store],
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
  exports: [
    Store,
    StoreHealth,
    StoreSnapshots,
    ArtifactRows,
    Blobs,
    SessionStore,
    TaskStore,
    AnswerStore,
    CatalogStore,
    EntryFiles,
    AuditLog,
  ],
})
export class PersistenceModule {}
