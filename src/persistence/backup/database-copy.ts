import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { MIGRATIONS } from '../store/migrations/index.js';
import { isSqliteError } from '../store/sqlite-error.js';
import { BackupError } from './backup-error.js';

/** The database of a data folder that no daemon uses, held so that none starts meanwhile. */
export interface HeldDatabase {
  /** Writes a copy without gaps and without a log. */
  copyTo(file: string): void;
  release(): void;
}

/** Takes the database for itself; undefined when a daemon has it. @throws BackupError when it cannot be read */
export function holdDatabase(path: string): HeldDatabase | undefined {
  if (!existsSync(path))
    throw new BackupError(`there is no store ${path}; name the config of the daemon with --config`);
  let db: Database | undefined;
  try {
    db = new Database(path, { timeout: 0 });
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN IMMEDIATE; COMMIT');
  } catch (error) {
    db?.close();
    if (isSqliteError(error) && /^SQLITE_(BUSY|LOCKED)/.test(error.code)) return undefined;
    throw new BackupError(`the store ${path} cannot be read: ${wordsOf(error)}`);
  }
  const held = db;
  return {
    copyTo: (file) => copyInto(held, path, file),
    release: () => void held.close(),
  };
}

function copyInto(db: Database, path: string, file: string): void {
  try {
    db.prepare('VACUUM INTO @file').run({ file });
  } catch (error) {
    throw new BackupError(
      `the store ${path} cannot be copied: ${wordsOf(error)}; restore an older backup if it is damaged`,
    );
  }
}

export interface CheckedDatabase {
  readonly version: number;
  /** Contents of artifacts that it names, as hex digests. */
  readonly artifacts: readonly string[];
}

/**
 * Looks at every page of a copy, and makes it a single file.
 * @throws BackupError when it is damaged, or of a newer llama-orch
 */
export function checkCopy(path: string): CheckedDatabase {
  let db: Database | undefined;
  try {
    db = new Database(path, { timeout: 0 });
    db.pragma('journal_mode = DELETE');
    const found = String(db.pragma('integrity_check(1)', { simple: true }));
    if (found !== 'ok') throw new BackupError(`the database is damaged: ${found.replaceAll(/\s+/g, ' ')}`);
    return { version: versionIn(db), artifacts: artifactsIn(db) };
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw new BackupError(`the database is damaged: ${wordsOf(error)}`);
  } finally {
    db?.close();
  }
}

function versionIn(db: Database): number {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version <= MIGRATIONS.length) return version;
  throw new BackupError(
    `the database is of version ${version}, this llama-orch knows ${MIGRATIONS.length}; use the newer llama-orch`,
  );
}

/** Stores that were made before there were artifacts have no table of them. */
function artifactsIn(db: Database): string[] {
  const hasTable = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'artifact_rows'").all().length > 0;
  if (!hasTable) return [];
  const rows = db.prepare<{ readonly artifact_id: string }>('SELECT DISTINCT artifact_id FROM artifact_rows').all();
  return rows.map(({ artifact_id: id }) => id.replace(/^sha256:/, ''));
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String((error as { message?: unknown }).message);
}
