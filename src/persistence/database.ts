import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { privateFile } from './data-folder.js';
import { MIGRATIONS, migrate, versionOf } from './migrations.js';
import { StoreError } from './store-error.js';

const STORE = 'store.db';
const HOLDER = 'holder.json';
const TABLES = ['sessions'] as const;
const PAGE_CACHE_KIB = 256;

/**
 * Opens the store of a data folder for this process alone, and brings it up to date. The lock is SQLite's own and ends
 * with the process, however that ends. @param epochMs now, for whoever finds the folder in use
 * @throws StoreError, with the store as it was
 */
export function openDatabase(folder: string, epochMs: number, steps: readonly string[] = MIGRATIONS): Database {
  const path = join(folder, STORE);
  privateFile(path);
  let db: Database | undefined;
  try {
    db = new Database(path, { timeout: 0 });
    setUp(db);
    requireSound(db, path);
    bringUpToDate(db, path, steps);
    if (steps === MIGRATIONS) requireTables(db, path);
    signHolder(folder, epochMs);
    return db;
  } catch (error) {
    db?.close();
    throw storeErrorOf(error, folder, path);
  }
}

function setUp(db: Database): void {
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma(`cache_size = -${PAGE_CACHE_KIB}`);
  // An exclusive lock is taken by the first write and then kept.
  db.exec('BEGIN IMMEDIATE; COMMIT');
}

function requireSound(db: Database, path: string): void {
  const found = db.pragma('quick_check(1)', { simple: true });
  if (found !== 'ok') throw damaged(path, String(found).replaceAll(/\s+/g, ' '));
}

/** A store of the right version without its tables was cut by somebody. */
function requireTables(db: Database, path: string): void {
  const tables = db.prepare<{ readonly name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  const missing = TABLES.find((table) => !tables.some(({ name }) => name === table));
  if (missing !== undefined) throw damaged(path, `its table ${missing} is missing`);
}

function bringUpToDate(db: Database, path: string, steps: readonly string[]): void {
  const version = versionOf(db);
  if (version > steps.length) {
    const message = `the store ${path} is of version ${version}, this llama-orch knows ${steps.length}`;
    throw new StoreError('too-new', `${message}; start the newer llama-orch again, or use another storage.data_dir`);
  }
  if (version === steps.length) return;
  if (version > 0) keepCopy(db, path, version);
  migrate(db, steps);
}

/** So that an operator can go back to the version before. */
function keepCopy(db: Database, path: string, version: number): void {
  db.pragma('wal_checkpoint(TRUNCATE)');
  copyFileSync(path, `${path}.v${version}`);
}

function storeErrorOf(error: unknown, folder: string, path: string): unknown {
  if (error instanceof StoreError || !hasCode(error)) return error;
  const { code } = error;
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return locked(folder, error);
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return damaged(path, error.message, error);
  const hint = 'make it readable and writable, or use another storage.data_dir';
  return new StoreError('unusable', `the store ${path} cannot be opened: ${error.message}; ${hint}`, error);
}

/** What SQLite throws, told by its form: the class can be of another realm. */
function hasCode(error: unknown): error is { readonly code: string; readonly message: string } {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
}

function damaged(path: string, what: string, cause?: unknown): StoreError {
  const size = statSync(path).size;
  const hint = 'nothing was changed; move it away to start afresh, or put a backup in its place';
  return new StoreError('damaged', `the store ${path} (${size} bytes) is damaged: ${what}; ${hint}`, cause);
}

function locked(folder: string, cause: unknown): StoreError {
  const hint = 'stop that one, or give this one another storage.data_dir (LLORCH_DATA_DIR)';
  return new StoreError('locked', `the data folder ${folder} is in use by ${holderOf(folder)}; ${hint}`, cause);
}

/** For people; the lock itself does not depend on it. */
function signHolder(folder: string, epochMs: number): void {
  const since = new Date(epochMs).toISOString();
  writeFileSync(join(folder, HOLDER), JSON.stringify({ pid: process.pid, since }), { mode: 0o600 });
}

function holderOf(folder: string): string {
  try {
    const { pid, since } = JSON.parse(readFileSync(join(folder, HOLDER), 'utf8')) as { pid: number; since: string };
    return `the llama-orch process ${pid}, since ${since}`;
  } catch {
    return 'another process';
  }
}
