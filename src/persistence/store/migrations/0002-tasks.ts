import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class Tasks implements MigrationInterface {
  readonly name = 'tasks-0000000000002';

  // TypeORM finds names again only where they are quoted.
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE sessions ADD COLUMN charges TEXT NOT NULL DEFAULT '[]'");
    // The number is the order of acceptance, and never given twice.
    await runner.query(`
      CREATE TABLE tasks (
        "number" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
        task_key TEXT NOT NULL,
        ended_ms INTEGER,
        record TEXT,
        progress TEXT,
        ended TEXT,
        answer_text TEXT,
        transcript TEXT
      ) STRICT`);
    await runner.query('CREATE UNIQUE INDEX tasks_key ON tasks (task_key)');
    await runner.query('CREATE INDEX tasks_ended ON tasks (ended_ms)');
    await runner.query(`
      CREATE TABLE task_frames (
        task_number INTEGER NOT NULL,
        first_seq INTEGER NOT NULL,
        frame_count INTEGER NOT NULL,
        tokens_out INTEGER NOT NULL,
        decode_ms INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        CONSTRAINT "task_frames_key" PRIMARY KEY (task_number, first_seq),
        CONSTRAINT "task_frames_task" FOREIGN KEY ("task_number") REFERENCES "tasks" ("number") ON DELETE CASCADE
      ) STRICT`);
    await runner.query(`
      CREATE TABLE remembered_answers (
        name TEXT PRIMARY KEY NOT NULL,
        digest TEXT NOT NULL,
        answer TEXT NOT NULL,
        expires_ms INTEGER NOT NULL
      ) STRICT`);
    await runner.query('CREATE INDEX remembered_answers_expiry ON remembered_answers (expires_ms)');
  }

  /** Migrations go forward alone; the copy that is made before them is the way back. */
  async down(): Promise<void> {}
}
