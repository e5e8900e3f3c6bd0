import { copyFileSync, renameSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { DataSource, type Logger } from 'typeorm';
import { privateFile } from '../data-folder.js';
import { ENTITIES } from './all-entities.js';
import { storePath } from './connection-path.js';
import { signHolder } from './holder.js';
import { MIGRATIONS, type MigrationClass } from './migrations/index.js';
import { damaged, storeErrorOf, tooNew } from './open-errors.js';

/** The database of a data folder, open for this process alone: TypeORM's view of it and the handle below. */
export interface Connection {
  readonly source: DataSource;
  readonly db: Database;
  readonly path: string;
}

const PAGE_CACHE_KIB = 4096;
const MOST_CHECKED_BYTES = 1024 ** 3;
/** What is not needed to go on. */
const HISTORY: readonly string[] = ['tasks', 'task_frames'];
/** What one large write has left of the log is given back at the next checkpoint. */
const WAL_LIMIT_BYTES = 16 * 1024 * 1024;

/** What goes wrong is thrown; standard output belongs to the log of the daemon. */
const SILENT: Logger = {
  logQuery: () => {},
  logQueryError: () => {},
  logQuerySlow: () => {},
  logSchemaBuild: () => {},
  logMigration: () => {},
  log: () => {},
};

/**
 * Opens the store of a data folder for this process alone, and brings it up to date. The lock is SQLite's own and ends
 * with the process, however that ends. @param epochMs now, for whoever finds the folder in use
 * @throws StoreError, with the store as it was
 */
export async function openConnection(
  folder: string,
  epochMs: number,
  migrations: readonly MigrationClass[] = MIGRATIONS,
): Promise<Connection> {
  const path = storePath(folder);
  let db: Database | undefined;
  try {
    privateFile(path);
    const source = sourceOf(path, migrations, (opened) => {
      db = opened;
      setUp(opened);
      requireSound(opened, path);
    });
    await source.initialize();
    await bringUpToDate({ source, db: db!, path }, migrations.length);
    signHolder(folder, epochMs);
    return { source, db: db!, path };
  } catch (error) {
    db?.close();
    throw storeErrorOf(error, path);
  }
}

function sourceOf(path: string, migrations: readonly MigrationClass[], prepare: (db: Database) => void): DataSource {
  return new DataSource({
    type: 'better-sqlite3',
    driver: Database,
    database: path,
    timeout: 0,
    prepareDatabase: prepare,
    entities: ENTITIES,
    migrations: [...migrations],
    migrationsTransactionMode: 'each',
    logger: SILENT,
  });
}

function setUp(db: Database): void {
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma(`cache_size = -${PAGE_CACHE_KIB}`);
  db.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
  // What a task was asked goes from the disk when the task ends, not when its pages are needed for something else.
  db.pragma('secure_delete = ON');
  // An exclusive lock is taken by the first write and then kept.
  db.exec('BEGIN IMMEDIATE; COMMIT');
}

/** Every page of a store of usual size is looked at; of a large one all but the history, which would take seconds. */
function requireSound(db: Database, path: string): void {
  const isLarge = statSync(path).size > MOST_CHECKED_BYTES;
  const parts = isLarge ? tablesOf(db).filter((table) => !HISTORY.includes(table)) : ['1'];
  for (const part of parts) {
    const found = db.pragma(`quick_check(${part})`, { simple: true });
    if (found !== 'ok') throw damaged(path, String(found).replaceAll(/\s+/g, ' '));
  }
}

function tablesOf(db: Database): string[] {
  const tables = db.prepare<{ readonly name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  return tables.map(({ name }) => name);
}

async function bringUpToDate(connection: Connection, known: number): Promise<void> {
  const { source, db, path } = connection;
  const version = versionOf(db);
  if (version === 0) requireOurs(db, path);
  if (version > known) throw tooNew(path, version, known);
  if (version === known && !(await source.showMigrations())) return;
  if (version > 0) keepCopy(db, path, version);
  await source.runMigrations();
  // An older llama-orch that finds a higher number than it knows leaves the store alone.
  db.pragma(`user_version = ${known}`);
}

/** A database of another program, put here by mistake, is not ours to change. */
function requireOurs(db: Database, path: string): void {
  const tables = tablesOf(db);
  if (tables.length > 0 && !tables.includes('migrations')) throw damaged(path, 'it is no store of llama-orch');
}

export function versionOf(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

/** So that an operator can go back to the version before. Half a copy never has its name. */
function keepCopy(db: Database, path: string, version: number): void {
  db.pragma('wal_checkpoint(TRUNCATE)');
  const copy = `${path}.v${version}`;
  copyFileSync(path, `${copy}.part`);
  renameSync(`${copy}.part`, copy);
}
