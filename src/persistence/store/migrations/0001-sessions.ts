import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Stores that were made before migrations were counted here have the table already. */
export class Sessions implements MigrationInterface {
  readonly name = 'sessions-0000000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS sessions (
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
      ) STRICT`);
  }

  /** Migrations go forward alone; the copy that is made before them is the way back. */
  async down(): Promise<void> {}
}
