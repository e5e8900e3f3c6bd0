import type Database from 'better-sqlite3';

/** Each step leads from the version that is its index to the next one. Steps are only ever added. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE sessions (
     tenant_id TEXT NOT NULL,
     session_id TEXT NOT NULL,
     turns INTEGER NOT NULL,
     used_tokens INTEGER NOT NULL,
     used_time_ms INTEGER NOT NULL,
     used_cost INTEGER NOT NULL,
     last_replica TEXT,
     open_tasks INTEGER NOT NULL,
     created_ms INTEGER NOT NULL,
     expires_ms INTEGER NOT NULL,
     correlation_id TEXT NOT NULL,
     client_id TEXT,
     user_agent TEXT,
     PRIMARY KEY (tenant_id, session_id)
   ) STRICT`,
];

export function versionOf(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

/** Runs the missing steps, each with its version in one transaction: a crash leaves one version or the next. */
export function migrate(db: Database, steps: readonly string[]): void {
  for (let version = versionOf(db); version < steps.length; version++) {
    db.transaction(() => {
      db.exec(steps[version]!);
      db.pragma(`user_version = ${version + 1}`);
    }).immediate();
  }
}
