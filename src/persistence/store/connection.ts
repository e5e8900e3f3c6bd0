import { renameSync, rmSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { privateFile } from '../data-folder.js';
import { storePath } from './connection-path.js';
import { signHolder } from './holder.js';
import { MIGRATIONS, MIGRATIONS_TABLE, type MigrationClass } from './migrations/index.js';
import { damaged, storeErrorOf, tooNew } from './open-errors.js';

/** The database of a data folder, open for this process alone. */
export interface Connection {
  readonly db: Database;
  readonly path: string;
}

const PAGE_CACHE_KIB = 4096;
const MOST_CHECKED_BYTES = 1024 ** 3;
/** What is not needed to go on. */
const HISTORY: readonly string[] = ['tasks', 'task_frames'];
/** What one large write has left of the log is given back at the next checkpoint. */
const WAL_LIMIT_BYTES = 16 * 1024 * 1024;

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
    db = new Database(path, { timeout: 0 });
    setUp(db);
    requireSound(db, path);
    await bringUpToDate({ db, path }, migrations);
    signHolder(folder, epochMs);
    return { db, path };
  } catch (error) {
    db?.close();
    throw storeErrorOf(error, path);
  }
}

function setUp(db: Database): void {
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
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

/** A store that is as new as this program is left as it is; TypeORM, which takes its time to load, is not asked. */
async function bringUpToDate({ db, path }: Connection, migrations: readonly MigrationClass[]): Promise<void> {
  const [version, known] = [versionOf(db), migrations.length];
  if (version === 0) requireOurs(db, path);
  if (version > known) throw tooNew(path, version, known);
  const done = stepsDone(db);
  requireSteps(done, version, migrations, path);
  if (version === known) return;
  // Later than its version: an earlier start was cut short, and has kept the copy.
  if (version > 0 && done.length <= version) keepCopy(db, path, version);
  const { migrate } = await import('./migrate.js');
  await migrate({ db, path }, migrations);
  // An older llama-orch that finds a higher number than it knows leaves the store alone.
  db.pragma(`user_version = ${known}`);
}

/** Names of the steps that the store has seen. */
function stepsDone(db: Database): readonly string[] {
  if (!tablesOf(db).includes(MIGRATIONS_TABLE)) return [];
  const rows = db.prepare<{ readonly name: string }>(`SELECT name FROM ${MIGRATIONS_TABLE} ORDER BY id`).all();
  return rows.map(({ name }) => name);
}

/** @throws StoreError when the store has not seen the steps that its version stands for */
function requireSteps(
  done: readonly string[],
  version: number,
  migrations: readonly MigrationClass[],
  path: string,
): void {
  // Steps were not counted in the first version.
  if (version <= 1 && done.length === 0) return;
  const names = migrations.map((Migration) => new Migration().name!);
  if (done.length < version || done.some((name, at) => name !== names[at]))
    throw damaged(path, `the steps that it has seen are not those of version ${version}`);
}

/** A database of another program, put here by mistake, is not ours to change. */
function requireOurs(db: Database, path: string): void {
  const tables = tablesOf(db);
  if (tables.length > 0 && !tables.includes(MIGRATIONS_TABLE)) throw damaged(path, 'it is no store of llama-orch');
}

export function versionOf(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

/**
 * So that an operator can go back to the version before. Half a copy never has its name. It is read through the connection:
 * a process that opens and closes the file by itself loses the lock that it has on it, and nobody would notice.
 */
function keepCopy(db: Database, path: string, version: number): void {
  const copy = `${path}.v${version}`;
  const part = `${copy}.part`;
  rmSync(part, { force: true });
  privateFile(part);
  db.prepare('VACUUM INTO :part').run({ part });
  renameSync(part, copy);
}
