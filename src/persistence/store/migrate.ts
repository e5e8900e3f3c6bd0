import { DataSource, type Logger } from 'typeorm';
import { ENTITIES } from './all-entities.js';
import { type Connection } from './connection.js';
import { MIGRATIONS_TABLE, type MigrationClass } from './migrations/index.js';

/** What goes wrong is thrown; standard output belongs to the log of the daemon. */
const SILENT: Logger = {
  logQuery: () => {},
  logQueryError: () => {},
  logQuerySlow: () => {},
  logSchemaBuild: () => {},
  logMigration: () => {},
  log: () => {},
};

/** Takes the steps that the database has not seen, each in a transaction. @throws what SQLite said of a step */
export async function migrate(connection: Connection, migrations: readonly MigrationClass[]): Promise<void> {
  const source = await ormView(connection, migrations);
  await source.runMigrations();
}

/** TypeORM's view of a database that is open: it gets the handle that holds the lock, and never closes it. */
export function ormView({ db, path }: Connection, migrations: readonly MigrationClass[] = []): Promise<DataSource> {
  const OpenDatabase = function () {
    return db;
  };
  const source = new DataSource({
    type: 'better-sqlite3',
    driver: OpenDatabase,
    database: path,
    entities: ENTITIES,
    migrations: [...migrations],
    migrationsTableName: MIGRATIONS_TABLE,
    migrationsTransactionMode: 'each',
    logger: SILENT,
  });
  return source.initialize();
}
